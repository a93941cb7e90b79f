//! From the process to the plugins in use, before the command line can be read.
//!
//! Which options there are depends on the plugins, and which plugins there are depends on options. So
//! the few options that choose plugins are looked for first, word by word.

use std::{ffi::OsString, sync::Arc};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::CommandFactory;
use plugin_abi::vtable::Command_TO;

use super::{args::Cli, version_info};
use crate::{
    command_tree::{EditError, Tree},
    ui::{error::CommandError, exit_code::Exit, output},
};
use crate::{
    env,
    flyte::configuration::Configurations,
    settings::{self, Settings},
};
use plugin_host::{Candidate, Chain, Directories, LoadError, Loader, SelectError, Selection, Source};

/// What the options that choose plugins say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) plugins: Vec<String>,
    pub(super) no_plugins: bool,
    pub(super) fallback: bool,
    pub(super) verbose: u8,
}

impl Choice {
    /// Looks for the options that choose plugins, in all words before `--`.
    pub(super) fn scan(words: &[OsString]) -> Self {
        let mut choice = Self::default();
        let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
        while let Some(word) = words.next() {
            match word {
                "--" => break,
                "--no-plugins" => choice.no_plugins = true,
                "--plugin-fallback" => choice.fallback = true,
                "--plugin" => choice.plugins.extend(words.next().map(str::to_owned)),
                "--verbose" => choice.verbose += 1,
                _ => {
                    choice.plugins.extend(word.strip_prefix("--plugin=").map(str::to_owned));
                    let short = word.strip_prefix('-').filter(|letters| !letters.is_empty());
                    if let Some(letters) =
                        short.filter(|letters| letters.bytes().all(|letter| letter == b'v'))
                    {
                        choice.verbose =
                            choice.verbose.saturating_add(u8::try_from(letters.len()).unwrap_or(u8::MAX));
                    }
                }
            }
        }
        choice
    }

    /// The plugins that are wanted, and who says so: options, then the variable, then the settings.
    pub(super) fn selection(&self, settings: &Settings) -> Result<Selection, SelectError> {
        if self.no_plugins {
            return Ok(Selection::none());
        }
        if !self.plugins.is_empty() {
            return Selection::new(self.plugins.clone(), Source::Flag);
        }
        if let Some(text) = std::env::var_os(env::PLUGIN).filter(|text| !text.is_empty()) {
            if is_privileged() {
                log::warn!(
                    "`{}` is ignored, because this process has more rights than its user",
                    env::PLUGIN
                );
            } else {
                return Selection::parse(text, Source::Variable(env::PLUGIN));
            }
        }
        match (&settings.plugins, Settings::path()) {
            (Some(plugins), Ok(path)) => Selection::new(plugins.clone(), Source::Settings(path)),
            _ => Ok(Selection::none()),
        }
    }
}

/// Whether whoever started the process could lend it rights that they do not have themselves.
#[cfg(unix)]
fn is_privileged() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

#[cfg(not(unix))]
fn is_privileged() -> bool {
    false
}

/// Finds and loads plugins for the program.
pub(super) fn loader(settings: &Settings) -> Loader {
    let path = std::env::var_os(env::PLUGIN_PATH).filter(|_| !is_privileged());
    if let Some(path) = &path {
        for directory in std::env::split_paths(path).filter(|directory| !directory.is_absolute()) {
            if !directory.as_os_str().is_empty() {
                log::warn!(
                    "`{}` in `{}` is ignored, because it is relative",
                    directory.display(),
                    env::PLUGIN_PATH
                );
            }
        }
    }
    let directories = Directories::new(path.as_deref(), settings::home().as_deref());
    Loader::new("flyte-host", directories).with_sections(settings.plugin.clone())
}

/// What there is to work with when the plugins had their say.
pub(super) struct Start {
    /// The plugins in use; `None` when they cannot be used.
    pub(super) chain: Option<Arc<Chain>>,
    /// The command line with what they changed; without it when they cannot be used.
    pub(super) tree: Tree,
    /// Why the plugins cannot be used, or what their `configure_cli` did wrong.
    pub(super) trouble: Option<CommandError>,
}

impl Start {
    /// Loads the plugins and lets them change the command line.
    pub(super) fn new(
        choice: &Choice,
        settings: &Settings,
        loader: &Loader,
        configurations: &Configurations,
    ) -> Self {
        let trouble = match chain(choice, settings, loader, configurations) {
            Ok(chain) => {
                version_info::note(chain.plugins().iter().map(version_info::Plugin::from_link));
                match extend(&chain) {
                    Ok(tree) => return Self { chain: Some(Arc::new(chain)), tree, trouble: None },
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        if !falls_back(choice, settings) {
            return Self::without_plugins(trouble);
        }
        let tree = Tree::new(Cli::command());
        output::note_styled(&trouble.render_as_warning());
        output::note("going on with the built-in default\n");
        let chain = Chain::new(Vec::new(), configurations.builtin());
        Self { chain: Some(Arc::new(chain)), tree, trouble: None }
    }

    /// The built-in command line, and why there is no more than that: enough to look for help.
    pub(super) fn without_plugins(trouble: CommandError) -> Self {
        Self { chain: None, tree: Tree::new(Cli::command()), trouble: Some(trouble) }
    }
}

/// Finds and loads the plugins that are chosen.
fn chain(
    choice: &Choice,
    settings: &Settings,
    loader: &Loader,
    configurations: &Configurations,
) -> Result<Chain, CommandError> {
    let selection = selection(choice, settings)?;
    let links = loader.load_all(&selection).map_err(|error| unusable(error, &selection))?;
    Ok(Chain::new(links, configurations.builtin()))
}

/// Finds and checks the files of the plugins that are chosen; none of their code runs.
pub(super) fn candidates(
    choice: &Choice,
    settings: &Settings,
    loader: &Loader,
) -> Result<Vec<Candidate>, CommandError> {
    let selection = selection(choice, settings)?;
    loader.check_all(&selection).map_err(|error| unusable(error, &selection))
}

fn selection(choice: &Choice, settings: &Settings) -> Result<Selection, CommandError> {
    let selection = choice.selection(settings);
    selection.map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(Exit::PluginUnusable, error).hint(hint)
    })
}

fn unusable(error: LoadError, selection: &Selection) -> CommandError {
    CommandError::from(error).hint(format!("{} chose it; `--no-plugins` goes on without", selection.source))
}

/// Lets the plugins change the command line: the last one first, so that the first one has the last word.
fn extend(chain: &Chain) -> Result<Tree, CommandError> {
    let mut tree = Tree::new(Cli::command());
    for (index, link) in chain.plugins().iter().enumerate().rev() {
        let view = tree.view();
        let edits = chain.configure_cli(index, Command_TO::from_ptr(RRef::new(&view), TD_Opaque))?;
        tree.apply(link.identity(), edits)?;
    }
    Ok(tree)
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        let way_out = "go on without the plugin with `--no-plugins`".to_owned();
        let hint = error.hint();
        Self::from_error(Exit::PluginFailed, error).hint(hint).hint(way_out)
    }
}

/// Whether to go on without a plugin that cannot be used.
pub(super) fn falls_back(choice: &Choice, settings: &Settings) -> bool {
    choice.fallback || env::is_on(env::PLUGIN_FALLBACK) || settings.plugin_fallback
}

#[cfg(test)]
mod tests {
    use super::Choice;

    fn scan(line: &str) -> Choice {
        Choice::scan(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_found_anywhere_before_the_dashes() {
        let choice = scan("flyte-host config show --plugin a --plugin=b -vv -- --no-plugins");
        let expected = Choice { plugins: vec!["a".into(), "b".into()], verbose: 2, ..Choice::default() };
        assert_eq!(choice, expected);
    }

    #[test]
    fn switches_are_found() {
        let choice = scan("flyte-host --no-plugins --plugin-fallback --verbose x");
        let expected = Choice { no_plugins: true, fallback: true, verbose: 1, ..Choice::default() };
        assert_eq!(choice, expected);
    }
}
