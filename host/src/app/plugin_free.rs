//! Commands that load no plugin. They read only the plugins' files, so they work with a plugin that crashes
//! or hangs.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};

#[cfg(target_os = "linux")]
use super::recorded;
use super::{
    args::Cli,
    clap_error::{report, unaccepted},
    output_arg,
    startup::{self, PluginFlags},
    version_info,
};
use crate::{
    command_tree::{Parsed, Tree},
    global::{Global, OutputArg},
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};
use crate::{
    commands,
    context::{Context, PluginInUse},
    flyte::configuration::Configurations,
    settings::Settings,
};
use plugin_host::{Candidate, Loader};

/// A built-in command that needs no plugin.
pub(super) enum PluginFreeCommand {
    /// `--version`, which clap reports as an error.
    Version(clap::Error),
    Command(Box<Parsed>),
}

impl PluginFreeCommand {
    /// Parses the arguments; `None` if they need plugins, for the command itself or for an option that a
    /// plugin adds.
    pub(super) fn parse(words: &[OsString]) -> Option<Self> {
        // Most command lines need plugins; they are not parsed twice.
        if !words.iter().skip(1).filter_map(|word| word.to_str()).any(may_be_unloaded) {
            return None;
        }
        match output_arg::parse(&Tree::new(Cli::command()), words) {
            Ok(parsed) if is_unloaded(&parsed) => Some(Self::Command(Box::new(parsed))),
            Err(error) if error.kind() == ErrorKind::DisplayVersion => Some(Self::Version(error)),
            _ => None,
        }
    }

    pub(super) fn run(
        self,
        ui: &Ui,
        flags: &PluginFlags,
        settings: &Settings,
        loader: &Loader,
        configurations: &Configurations,
    ) -> Result<Exit, CommandError> {
        let parsed = match self {
            Self::Version(error) => {
                let (candidates, plugin_error) = chosen(flags, settings, loader);
                candidates.iter().for_each(version_info::note);
                return report(&error, plugin_error, ui);
            }
            Self::Command(parsed) => parsed,
        };
        let global = Global::from_arg_matches(parsed.matches()).map_err(|error| unaccepted(&error))?;
        ui.set_error_format(global.output == OutputArg::Json, global.verbose > 0);
        let cli = Cli::from_arg_matches(parsed.matches()).map_err(|error| unaccepted(&error))?;
        let (candidates, plugin_error) = match parsed.path().get(1).map(String::as_str) {
            Some("list" | "show") => chosen(flags, settings, loader),
            // They find a selected plugin by its name, and work beside one that cannot be used.
            Some("check" | "enable" | "path" | "wheel") => (chosen(flags, settings, loader).0, None),
            _ => (Vec::new(), None),
        };
        let in_use: Vec<PluginInUse> = candidates.iter().map(in_use).collect();
        #[cfg(target_os = "linux")]
        let recorded_commands = |plugin: &Candidate| recorded::commands(plugin, &in_use, flags, settings);
        #[cfg(not(target_os = "linux"))]
        let recorded_commands = |_: &Candidate| None;
        let context = Context {
            ui: &ui.with_format(global.output.format()),
            global: &global,
            settings,
            loader,
            configurations,
            in_use: in_use.clone(),
            chain: None,
            recorded_commands: &recorded_commands,
            tree: &Tree::new(Cli::command()),
        };
        let exit = commands::run(&cli.command, &context)?;
        if let Some(plugin_error) = plugin_error {
            ui.warn(&plugin_error);
        }
        Ok(exit)
    }
}

/// The files of the selected plugins, or why they cannot be used.
fn chosen(
    flags: &PluginFlags,
    settings: &Settings,
    loader: &Loader,
) -> (Vec<Candidate>, Option<CommandError>) {
    match startup::candidates(flags, settings, loader) {
        Ok(candidates) => (candidates, None),
        Err(failure) => (Vec::new(), Some(failure)),
    }
}

fn in_use(candidate: &Candidate) -> PluginInUse {
    PluginInUse { name: candidate.passport.name().to_owned(), path: candidate.file.path().to_owned() }
}

fn may_be_unloaded(word: &str) -> bool {
    let is_short_version = word.starts_with('-') && !word.starts_with("--") && word.contains('V');
    matches!(word, "completion" | "path" | "plugin" | "--version") || is_short_version
}

fn is_unloaded(parsed: &Parsed) -> bool {
    let path: Vec<&str> = parsed.path().iter().map(String::as_str).collect();
    match path[..] {
        ["completion", ..]
        | ["config", "path"]
        | [
            "plugin",
            "check" | "disable" | "enable" | "install" | "list" | "new" | "path" | "publish" | "remove"
            | "rollback" | "search" | "update" | "wheel",
        ] => true,
        ["plugin", "show"] => parsed.leaf().get_flag("is_static"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<PluginFreeCommand> {
        PluginFreeCommand::parse(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn commands_that_need_no_plugin_are_found() {
        for line in [
            "flyte-host plugin list",
            "flyte-host -v plugin disable a",
            "flyte-host completion bash",
            "flyte-host plugin show a --static",
            "flyte-host config path",
            "flyte-host plugin new acme",
            "flyte-host plugin check acme",
            "flyte-host plugin install acme",
            "flyte-host plugin publish site libacme.so --key acme.key",
        ] {
            assert!(matches!(parse(line), Some(PluginFreeCommand::Command(_))), "{line}");
        }
        for line in ["flyte-host --version", "flyte-host -vV", "flyte-host -p x --version"] {
            assert!(matches!(parse(line), Some(PluginFreeCommand::Version(_))), "{line}");
        }
    }

    #[test]
    fn others_need_plugins() {
        for line in [
            "flyte-host plugin show acme",
            "flyte-host plugin list --of-a-plugin",
            "flyte-host plugin --help",
            "flyte-host get tasks",
            "flyte-host hello plugin",
            "flyte-host run -i V=1 plugin",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
