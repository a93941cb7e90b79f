//! What every command works with.

use std::{path::PathBuf, sync::Arc};

use plugin_host::{Chain, Loader};

use crate::{
    command_tree::Tree,
    flyte::configuration,
    global::Global,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit},
};

/// What a command has to work with.
pub struct Context<'a> {
    /// Options of every command.
    pub global: &'a Global,
    /// The host's settings.
    pub settings: &'a Settings,
    /// Finds and loads plugins.
    pub loader: &'a Loader,
    /// Flyte's configuration, when somebody asks.
    pub configurations: &'a configuration::Configurations,
    /// Files of the plugins that are chosen, loaded or not.
    pub in_use: Vec<PathBuf>,
    /// The plugins in use; `None` when they were not loaded, or they cannot be used, which [`crate::app`] has already told.
    pub chain: Option<&'a Arc<Chain>>,
    /// The command line with what plugins made of it.
    pub tree: &'a Tree,
}

impl<'a> Context<'a> {
    /// The plugins in use.
    ///
    /// # Errors
    ///
    /// When they cannot be used: then the command cannot go on.
    pub fn chain(&self) -> Result<&'a Arc<Chain>, CommandError> {
        self.chain.ok_or_else(|| {
            CommandError::new(Exit::PluginUnusable, "the chosen plugins cannot be used")
                .hint("go on without them with `--no-plugins`".to_owned())
        })
    }
}
