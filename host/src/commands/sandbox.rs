//! `sandbox`: the embedded Flyte.

use clap::{Args, Subcommand};

use super::session::sandbox_root;
use crate::cli::{exit::Exit, report::Failure};

/// The embedded Flyte of this machine
#[derive(Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Run what was launched, until nothing is open
    #[command(hide = true, after_help = "Example:\n  flyte-host sandbox engine")]
    Engine,
}

/// Runs `sandbox`.
///
/// # Errors
///
/// When the sandbox cannot do what it is to do.
pub fn run(args: &SandboxArgs) -> Result<(), Failure> {
    match args.command {
        SandboxCommand::Engine => engine(),
    }
}

fn engine() -> Result<(), Failure> {
    sandbox::engine::main(&sandbox_root()?).map_err(|error| Failure::from_error(Exit::Failed, &error))
}
