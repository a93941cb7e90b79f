//! `sandbox`: serves, inspects and deletes the embedded Flyte.

mod background;
mod reset;
mod start;
mod status;
mod stop;

use clap::{Args, Subcommand};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{context::Context, flyte::session::sandbox_root};

/// Local embedded Flyte
///
/// `flyte-host` needs no server for it: without a Flyte configuration it opens the sandbox in
/// `~/.flyte/sandbox`, or in the folder that FLYTE_SANDBOX_DIR names. For other clients, run `flyte-host
/// sandbox start`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host sandbox start\n  flyte-host sandbox status"
)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Run pending executions, then exit
    #[command(hide = true, after_help = "Example:\n  flyte-host sandbox engine")]
    Engine,
    Reset(reset::ResetArgs),
    Start(start::StartArgs),
    /// Show whether the sandbox is being served, its open executions and its size
    #[command(after_help = "Example:\n  flyte-host sandbox status -o json")]
    Status,
    /// Stop the server, and wait for its end
    ///
    /// Running executions continue with the next start, or with the next command.
    #[command(after_help = "Example:\n  flyte-host sandbox stop")]
    Stop,
}

/// Runs `sandbox`.
///
/// # Errors
///
/// Those of the subcommand.
pub(crate) fn run(args: &SandboxArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let root = sandbox_root()?;
    match &args.command {
        SandboxCommand::Engine => {
            sandbox::engine::main(&root).map_err(|error| CommandError::from_error(Exit::Failed, error))
        }
        SandboxCommand::Reset(args) => reset::run(args, context.ui, &root),
        SandboxCommand::Start(args) => start::run(args, context.ui, &root),
        SandboxCommand::Status => status::run(context.ui, &root),
        SandboxCommand::Stop => stop::run(context.ui, &root),
    }
}
