//! Selects and loads the plugins, before the command line is parsed.
//!
//! The options depend on the plugins, and the selection of plugins depends on options. So the options that
//! select plugins are scanned first, word by word.

use std::{ffi::OsString, sync::Arc};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::CommandFactory;
use plugin_abi::{Hook, vtable::Command_TO};

use super::{args::Cli, process_exit::keep_until_exit, version_info};
use crate::{
    command_tree::{EditError, Tree},
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::Ui,
        stdout::{self, PluginOutput},
    },
};
use crate::{env, flyte::configuration::Configurations, settings::Settings};
use host_settings::plugins;
use plugin_host::{Candidate, Chain, Link, LoadError, Loader, SelectError, Selection, Source, calls};

/// The options that select plugins, scanned before clap runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PluginFlags {
    pub(super) plugins: Vec<String>,
    pub(super) no_plugins: bool,
    pub(super) fallback: bool,
    pub(super) isolate: bool,
    pub(super) verbose: u8,
}

impl PluginFlags {
    /// Scans all arguments before `--`.
    pub(super) fn scan(words: &[OsString]) -> Self {
        let mut flags = Self::default();
        let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
        while let Some(word) = words.next() {
            match word {
                "--" => break,
                "--no-plugins" => flags.no_plugins = true,
                "--plugin-fallback" => flags.fallback = true,
                "--isolate" => flags.isolate = true,
                "--plugin" => flags.plugins.extend(words.next().map(str::to_owned)),
                "--verbose" => flags.verbose += 1,
                _ => {
                    flags.plugins.extend(word.strip_prefix("--plugin=").map(str::to_owned));
                    let short = word.strip_prefix('-').filter(|letters| !letters.is_empty());
                    if let Some(letters) =
                        short.filter(|letters| letters.bytes().all(|letter| letter == b'v'))
                    {
                        flags.verbose =
                            flags.verbose.saturating_add(u8::try_from(letters.len()).unwrap_or(u8::MAX));
                    }
                }
            }
        }
        flags
    }

    /// The selected plugins and the source of the selection: options, then the variable, then the settings.
    /// The administrator's plugins are always among them.
    pub(super) fn selection(&self, settings: &Settings) -> Result<Selection, SelectError> {
        let selection = if self.no_plugins {
            Selection::none()
        } else if self.plugins.is_empty() {
            plugins::selection(settings)?
        } else {
            Selection::new(self.plugins.clone(), Source::Flag)?
        };
        Ok(plugins::with_required(selection, settings))
    }
}

/// The loader for this program, with the plugin directories of the environment.
pub(super) fn loader(flags: &PluginFlags, settings: &Settings) -> Loader {
    isolate(plugins::loader("flyte-host", settings, &[]), flags, settings)
}

#[cfg(target_os = "linux")]
fn isolate(loader: Loader, flags: &PluginFlags, settings: &Settings) -> Loader {
    loader.with_isolations(plugins::isolations(settings, flags.isolate), &env::SECRETS)
}

/// Whether all plugins run in processes of their own.
#[cfg(target_os = "linux")]
pub(super) fn isolates_all(flags: &PluginFlags) -> bool {
    flags.isolate || env::is_on(env::PLUGIN_ISOLATE)
}

/// Isolation requires Linux; elsewhere the command line and the settings have no option for it.
#[cfg(not(target_os = "linux"))]
fn isolate(loader: Loader, _: &PluginFlags, _: &Settings) -> Loader {
    loader
}

/// The result of loading the plugins.
pub(super) struct Startup {
    /// The loaded plugins; `None` if one cannot be used.
    pub(super) chain: Option<Arc<Chain>>,
    /// The command line with the changes of the plugins; the built-in one if they cannot be used.
    pub(super) tree: Tree,
    /// Why the plugins, or the changes of their `configure_cli`, cannot be used.
    pub(super) plugin_error: Option<CommandError>,
    /// Whether the plugins were not loaded, as their changes of the command line are known.
    pub(super) is_recorded: bool,
}

impl Startup {
    /// Loads the plugins and lets them change the command line.
    pub(super) fn new(
        ui: &Ui,
        flags: &PluginFlags,
        settings: &Settings,
        loader: &Loader,
        configurations: &Configurations,
    ) -> Self {
        let plugin_error = match chain(flags, settings, loader, configurations) {
            Ok(chain) => match extend(&chain) {
                Ok(tree) => {
                    return Self {
                        chain: Some(Arc::new(chain)),
                        tree,
                        plugin_error: None,
                        is_recorded: false,
                    };
                }
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        if !falls_back(flags, settings) {
            return Self::without_plugins(plugin_error);
        }
        let tree = Tree::new(Cli::command());
        ui.warn(&plugin_error);
        ui.note("continuing with the built-in default\n");
        let chain = Chain::new(Vec::new(), configurations.builtin());
        Self { chain: Some(Arc::new(chain)), tree, plugin_error: None, is_recorded: false }
    }

    /// The built-in command line, for help and troubleshooting, and why the plugins cannot be used.
    pub(super) fn without_plugins(plugin_error: CommandError) -> Self {
        let tree = Tree::new(Cli::command());
        Self { chain: None, tree, plugin_error: Some(plugin_error), is_recorded: false }
    }

    /// Whether a command runs without loaded plugins.
    pub(super) fn suffices(&self, path: &[String]) -> bool {
        if self.tree.owner(path).is_some() {
            return false;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            ["plugin", command, ..] => command != "show",
            ["man" | "sandbox", ..] => true,
            _ => false,
        }
    }
}

/// Finds and loads the selected plugins.
fn chain(
    flags: &PluginFlags,
    settings: &Settings,
    loader: &Loader,
    configurations: &Configurations,
) -> Result<Chain, CommandError> {
    let selection = selection(flags, settings)?;
    let links = load(loader, &selection).map_err(|error| unusable(error, &selection))?;
    Ok(Chain::new(links, configurations.builtin()))
}

/// Loads the plugins of a selection. Each is noted first, so that the report of a bug names it.
fn load(loader: &Loader, selection: &Selection) -> Result<Vec<Link>, LoadError> {
    let load = |candidate| {
        version_info::note(&candidate);
        stdout::reserve(PluginOutput::Stderr);
        loader.load(candidate)
    };
    loader.check_all(selection)?.into_iter().map(load).collect()
}

/// Finds and checks the files of the selected plugins; none of their code runs.
pub(super) fn candidates(
    flags: &PluginFlags,
    settings: &Settings,
    loader: &Loader,
) -> Result<Vec<Candidate>, CommandError> {
    let selection = selection(flags, settings)?;
    loader.check_all(&selection).map_err(|error| unusable(error, &selection))
}

fn selection(flags: &PluginFlags, settings: &Settings) -> Result<Selection, CommandError> {
    let selection = flags.selection(settings);
    selection.map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(Exit::PluginUnusable, error).hint(hint)
    })
}

fn unusable(error: LoadError, selection: &Selection) -> CommandError {
    CommandError::from(error)
        .hint(format!("use `--no-plugins` to run without the plugin selected by {}", selection.source))
}

/// Lets the plugins change the command line, the last one first, so that the first one takes precedence.
fn extend(chain: &Chain) -> Result<Tree, CommandError> {
    let mut tree = Tree::new(Cli::command()).with_errors(chain.errors().clone());
    for (index, link) in chain.plugins().iter().enumerate().rev() {
        let view = tree.view();
        let _call = link.enter(Hook::ConfigureCli);
        let view = Command_TO::from_ptr(RRef::new(&view), TD_Opaque);
        let configure = || chain.configure_cli(index, view);
        let edits = calls::keep_process_state(link.identity(), "in `configure_cli`", configure)?;
        tree.apply(link.identity(), edits)?;
    }
    keep_until_exit(&tree);
    Ok(tree)
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        let without = "use `--no-plugins` to run without the plugin".to_owned();
        let hint = error.hint();
        Self::from_error(Exit::PluginFailed, error).hint(hint).hint(without)
    }
}

/// Whether to continue without plugins that cannot be used.
pub(super) fn falls_back(flags: &PluginFlags, settings: &Settings) -> bool {
    plugins::falls_back(settings, flags.fallback)
}

#[cfg(test)]
mod tests {
    use super::PluginFlags;

    fn scan(line: &str) -> PluginFlags {
        PluginFlags::scan(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_found_anywhere_before_the_dashes() {
        let flags = scan("flyte-host config show --plugin a --plugin=b -vv -- --no-plugins");
        let expected =
            PluginFlags { plugins: vec!["a".into(), "b".into()], verbose: 2, ..PluginFlags::default() };
        assert_eq!(flags, expected);
    }

    #[test]
    fn switches_are_found() {
        let flags = scan("flyte-host --no-plugins --plugin-fallback --verbose x");
        let expected = PluginFlags { no_plugins: true, fallback: true, verbose: 1, ..PluginFlags::default() };
        assert_eq!(flags, expected);
    }
}
