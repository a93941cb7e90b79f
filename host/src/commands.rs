//! The built-in commands: for each, a struct of arguments with the help text, and a function `run`.

pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod execution;
pub(crate) mod fetch;
pub(crate) mod get;
pub(crate) mod launchplan;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod plugin;
pub(crate) mod project;
pub(crate) mod register;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod upload;
pub(crate) mod version;
pub(crate) mod whoami;

use clap::Subcommand;

use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit},
};

/// The built-in commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a shell completion script
    Completion(completion::CompletionArgs),
    /// Show the effective configuration
    Config(config::ConfigArgs),
    Execution(execution::ExecutionArgs),
    Fetch(fetch::FetchArgs),
    Get(get::GetArgs),
    Launchplan(launchplan::LaunchplanArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    /// Write man pages
    #[command(hide = true)]
    Man(man::ManArgs),
    /// Install, inspect and enable plugins
    Plugin(plugin::PluginArgs),
    /// Create, update and archive projects
    Project(project::ProjectArgs),
    Register(register::RegisterArgs),
    Run(run::RunArgs),
    Sandbox(sandbox::SandboxArgs),
    Upload(upload::UploadArgs),
    Version(version::VersionArgs),
    Whoami(whoami::WhoamiArgs),
}

/// Runs a built-in command. Those that talk to Flyte are futures, which run on one runtime of one thread.
///
/// # Errors
///
/// As each of the commands.
pub(crate) fn run(command: &Command, context: &Context<'_>) -> Result<Exit, CommandError> {
    match command {
        Command::Completion(args) => completion::run(args, context.ui)?,
        Command::Config(args) => config::run(args, context)?,
        Command::Execution(args) => return block_on(execution::run(args, context)),
        Command::Fetch(args) => block_on(fetch::run(args, context))?,
        Command::Get(args) => block_on(get::run(args, context))?,
        Command::Launchplan(args) => block_on(launchplan::run(args, context))?,
        Command::Login(args) => block_on(login::run(args, context))?,
        Command::Logout(args) => logout::run(args, context)?,
        Command::Man(args) => man::run(args, context.ui, context.tree)?,
        Command::Plugin(args) => block_on(plugin::run(args, context))?,
        Command::Project(args) => block_on(project::run(args, context))?,
        Command::Register(args) => block_on(register::run(args, context))?,
        Command::Run(args) => return block_on(run::run(args, context)),
        Command::Upload(args) => block_on(upload::run(args, context))?,
        Command::Sandbox(args) => sandbox::run(args, context)?,
        Command::Version(args) => block_on(version::run(args, context))?,
        Command::Whoami(args) => block_on(whoami::run(args, context))?,
    }
    Ok(Exit::Done)
}

fn block_on<T>(command: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CommandError::from_error(Exit::Failed, error))?.block_on(command)
}
