//! `execution inputs` and `execution outputs`.

use super::DataArgs;
use crate::ui::error::Failure;
use crate::{
    context::Context,
    flyte::{execution, values},
};

/// Which values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inputs,
    Outputs,
}

pub(super) async fn run(args: &DataArgs, side: Side, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let execution = execution::read(&session, &args.name).await?;
    let data = values::read(&session, &execution::id(&session, &args.name), args.node.as_deref()).await?;
    let map = if side == Side::Inputs { data.inputs } else { data.outputs };
    if side == Side::Outputs && map.literals.is_empty() {
        values::tell_no_outputs(&execution, args.node.as_deref());
    }
    values::print(&map, format)
}
