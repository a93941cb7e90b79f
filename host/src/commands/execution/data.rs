//! `execution inputs` and `execution outputs`.

use super::{
    super::{Context, values},
    DataArgs, one,
};
use crate::cli::report::Failure;

/// Which values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inputs,
    Outputs,
}

pub(super) fn run(args: &DataArgs, side: Side, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let execution = session.block_on(one::read(&session, &args.name))?;
    let data =
        session.block_on(values::read(&session, &one::id(&session, &args.name), args.node.as_deref()))?;
    let map = if side == Side::Inputs { data.inputs } else { data.outputs };
    if side == Side::Outputs && map.literals.is_empty() {
        values::tell_no_outputs(&execution, args.node.as_deref());
    }
    values::print(&map, format)
}
