//! `sandbox`: the embedded Flyte, and serving it to other programs.

mod background;
mod reset;
mod start;
mod status;
mod stop;

use clap::{Args, Subcommand};

use crate::ui::{error::Failure, exit_code::Exit};
use crate::{context::Context, flyte::session::sandbox_root};

/// The embedded Flyte of this machine
///
/// `flyte-host` itself needs no server: without a Flyte configuration it opens the sandbox where it is, in
/// `~/.flyte/sandbox` or the folder that FLYTE_SANDBOX_DIR names. Other clients do.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host sandbox start\n  flyte-host sandbox status"
)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Run what was launched, until nothing is open
    #[command(hide = true, after_help = "Example:\n  flyte-host sandbox engine")]
    Engine,
    Reset(reset::ResetArgs),
    Start(start::StartArgs),
    /// Tell whether the sandbox is served, and what it holds
    #[command(after_help = "Example:\n  flyte-host sandbox status -o json")]
    Status,
    /// End the server, and wait until it is gone
    ///
    /// What was running goes on with the next start, or with the next command.
    #[command(after_help = "Example:\n  flyte-host sandbox stop")]
    Stop,
}

/// Runs `sandbox`.
///
/// # Errors
///
/// When the sandbox cannot be what it is to be.
pub fn run(args: &SandboxArgs, context: &Context<'_>) -> Result<(), Failure> {
    let root = sandbox_root()?;
    match &args.command {
        SandboxCommand::Engine => {
            sandbox::engine::main(&root).map_err(|error| Failure::from_error(Exit::Failed, &error))
        }
        SandboxCommand::Reset(args) => reset::run(args, &root),
        SandboxCommand::Start(args) => start::run(args, context.global.output.format()?, &root),
        SandboxCommand::Status => status::run(context.global.output.format()?, &root),
        SandboxCommand::Stop => stop::run(&root),
    }
}
