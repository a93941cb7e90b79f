//! The built-in commands, one file each: arguments with their help on top, one function that runs them.

pub mod completion;
pub mod config;
pub mod connection;
pub mod entity;
pub mod execution;
pub mod fetch;
pub mod follow;
pub mod get;
pub mod hint;
pub mod launchplan;
pub mod login;
pub mod logout;
pub mod man;
pub mod pair;
pub mod plugin;
pub mod project;
pub mod register;
pub mod run;
pub mod sandbox;
pub mod scope;
pub mod session;
pub mod show;
pub mod sign_in;
pub mod transfer;
pub mod transport;
pub mod upload;
pub mod values;
pub mod version;
pub mod whoami;

use std::{path::PathBuf, sync::Arc};

use crate::{
    cli::{
        args::{Command, Global},
        exit::Exit,
        report::Failure,
        tree::Tree,
    },
    settings::{Settings, SettingsError},
};
use plugin_host::{Chain, LoadError, Loader};

/// What a command has to work with.
pub struct Context<'a> {
    /// Options of every command.
    pub global: &'a Global,
    /// The host's settings.
    pub settings: &'a Settings,
    /// Finds and loads plugins.
    pub loader: &'a Loader,
    /// Flyte's configuration, when somebody asks.
    pub configurations: &'a connection::Configurations,
    /// Files of the plugins that are chosen, loaded or not.
    pub in_use: Vec<PathBuf>,
    /// The plugins in use; `None` when they were not loaded, or they cannot be used, which [`crate::cli`] has already told.
    pub chain: Option<&'a Arc<Chain>>,
    /// The command line with what plugins made of it.
    pub tree: &'a Tree,
}

/// Runs a built-in command.
///
/// # Errors
///
/// As each of the commands.
pub fn run(command: &Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Completion(args) => completion::run(args)?,
        Command::Config(args) => config::run(args, context)?,
        Command::Execution(args) => return execution::run(args, context),
        Command::Fetch(args) => fetch::run(args, context)?,
        Command::Get(args) => get::run(args, context)?,
        Command::Launchplan(args) => launchplan::run(args, context)?,
        Command::Login(args) => login::run(args, context)?,
        Command::Logout(args) => logout::run(args, context)?,
        Command::Man(args) => man::run(args, context.tree)?,
        Command::Plugin(args) => plugin::run(args, context)?,
        Command::Project(args) => project::run(args, context)?,
        Command::Register(args) => register::run(args, context)?,
        Command::Run(args) => return run::run(args, context),
        Command::Upload(args) => upload::run(args, context)?,
        Command::Sandbox(args) => sandbox::run(args, context)?,
        Command::Version(args) => version::run(args, context)?,
        Command::Whoami(args) => whoami::run(args, context)?,
    }
    Ok(Exit::Done)
}

impl<'a> Context<'a> {
    /// The plugins in use.
    ///
    /// # Errors
    ///
    /// When they cannot be used: then the command cannot go on.
    pub fn chain(&self) -> Result<&'a Arc<Chain>, Failure> {
        self.chain.ok_or_else(|| {
            Failure::new(Exit::PluginUnusable, "the chosen plugins cannot be used")
                .hint("go on without them with `--no-plugins`".to_owned())
        })
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        if let LoadError::Create(fault) = error {
            let mut failure = Self::new(Exit::PluginUnusable, &fault);
            failure.causes = fault.causes();
            failure.hints = fault.hints();
            return failure;
        }
        let failure = Self::from_error(Exit::PluginUnusable, &error).hint(error.hint());
        match &error {
            LoadError::Select(select) => select.cause().into_iter().fold(failure, Self::caused_by),
            LoadError::NamedTwice { first, second, .. } if first != second => {
                failure.caused_by(format_args!("`{}` and `{}`", first.display(), second.display()))
            }
            _ => failure,
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::from_error(Exit::Failed, &error).hint(error.hint())
    }
}
