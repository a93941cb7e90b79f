//! [`Context`]: the options, settings and plugins that every command gets.

use std::{path::PathBuf, sync::Arc};

use plugin_host::{Candidate, Chain, Loader};

use crate::{
    command_tree::Tree,
    flyte::configuration,
    global::Global,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

/// The options, settings and plugins of a command.
pub(crate) struct Context<'a> {
    /// The output format and the streams.
    pub(crate) ui: &'a Ui,
    /// Options of every command.
    pub(crate) global: &'a Global,
    /// The host's settings.
    pub(crate) settings: &'a Settings,
    /// Finds and loads plugins.
    pub(crate) loader: &'a Loader,
    /// Flyte's configuration, read on first use.
    pub(crate) configurations: &'a configuration::Configurations,
    /// The selected plugins, loaded or not.
    pub(crate) in_use: Vec<PluginInUse>,
    /// The loaded plugins; `None` if the command needs none, or if one cannot be used.
    pub(crate) chain: Option<&'a Arc<Chain>>,
    /// The commands that a plugin adds, where they are known without loading it.
    pub(crate) recorded_commands: &'a dyn Fn(&Candidate) -> Option<Vec<String>>,
    /// The command line with the changes of plugins.
    pub(crate) tree: &'a Tree,
}

/// A selected plugin.
#[derive(Clone, Debug)]
pub(crate) struct PluginInUse {
    /// Its name.
    pub(crate) name: String,
    /// Its file.
    pub(crate) path: PathBuf,
}

impl<'a> Context<'a> {
    /// The path of a selected plugin of this name, which may be in none of the plugin directories; else the
    /// name or path itself.
    #[must_use]
    pub(crate) fn plugin_spec(&self, name: &str) -> String {
        let selected = self.in_use.iter().find(|plugin| plugin.name == name);
        selected.map_or_else(|| name.to_owned(), |plugin| plugin.path.display().to_string())
    }

    /// The loaded plugins.
    ///
    /// # Errors
    ///
    /// When a selected plugin cannot be used.
    pub(crate) fn chain(&self) -> Result<&'a Arc<Chain>, CommandError> {
        self.chain.ok_or_else(|| {
            CommandError::new(Exit::PluginUnusable, "the chosen plugins cannot be used")
                .hint("use `--no-plugins` to run without them".to_owned())
        })
    }
}
