//! `execution watch`.

use super::WatchArgs;
use crate::ui::{error::Failure, exit_code::Exit};
use crate::{
    context::Context,
    flyte::{execution, follow},
};

pub(super) async fn run(args: &WatchArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    execution::read(&session, &args.name).await?;
    follow::to_the_end(&session, execution::id(&session, &args.name), args.timeout, format).await
}
