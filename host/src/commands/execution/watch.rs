//! `execution watch`.

use super::{
    super::{Context, follow},
    WatchArgs, one,
};
use crate::cli::{exit::Exit, report::Failure};

pub(super) fn run(args: &WatchArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    session.block_on(one::read(&session, &args.name))?;
    follow::to_the_end(&session, one::id(&session, &args.name), args.timeout, format)
}
