//! Commands that load no plugin. What they print comes from files alone, so they work whatever a plugin does once it runs.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};

use super::{
    args::Cli,
    clap_error::{misread, report},
    startup::{self, Choice},
    version_info,
};
use crate::{
    command_tree::{Parsed, Tree},
    global::{Global, OutputArg},
    ui::{
        error::{CommandError, Form},
        exit_code::Exit,
        output,
    },
};
use crate::{commands, context::Context, flyte::configuration::Configurations, settings::Settings};
use plugin_host::{Candidate, Loader};

/// A command line that the built-in commands understand, and that needs no plugin.
pub(super) enum Unloaded {
    /// `--version`, as clap answers it.
    Version(clap::Error),
    Command(Box<Parsed>),
}

impl Unloaded {
    /// Reads the words, unless they need plugins: those of the built-in commands, or what a plugin added.
    pub(super) fn parse(words: &[OsString]) -> Option<Self> {
        // Most command lines need plugins; they are not read twice.
        if !words.iter().skip(1).filter_map(|word| word.to_str()).any(may_be_unloaded) {
            return None;
        }
        match Tree::new(Cli::command()).parse(words.iter().cloned()) {
            Ok(parsed) if is_unloaded(parsed.path()) => Some(Self::Command(Box::new(parsed))),
            Err(error) if error.kind() == ErrorKind::DisplayVersion => Some(Self::Version(error)),
            _ => None,
        }
    }

    pub(super) fn run(
        self,
        choice: &Choice,
        settings: &Settings,
        loader: &Loader,
        configurations: &Configurations,
    ) -> Result<Exit, CommandError> {
        let parsed = match self {
            Self::Version(error) => {
                let (candidates, trouble) = chosen(choice, settings, loader);
                version_info::note(candidates.iter().map(version_info::Plugin::from_candidate));
                return report(&error, trouble);
            }
            Self::Command(parsed) => parsed,
        };
        let global = Global::from_arg_matches(parsed.matches()).map_err(|error| misread(&error))?;
        Form::choose(global.output == OutputArg::Json, global.verbose > 0);
        let cli = Cli::from_arg_matches(parsed.matches()).map_err(|error| misread(&error))?;
        let is_list = parsed.path().get(1).is_some_and(|command| command == "list");
        let (candidates, trouble) =
            if is_list { chosen(choice, settings, loader) } else { (Vec::new(), None) };
        let context = Context {
            global: &global,
            settings,
            loader,
            configurations,
            in_use: candidates.iter().map(|candidate| candidate.file.path().to_owned()).collect(),
            chain: None,
            tree: &Tree::new(Cli::command()),
        };
        let exit = commands::run(&cli.command, &context)?;
        if let Some(trouble) = trouble {
            output::note_styled(&trouble.render_as_warning());
        }
        Ok(exit)
    }
}

/// Files of the plugins that would be loaded, or why they would not.
fn chosen(choice: &Choice, settings: &Settings, loader: &Loader) -> (Vec<Candidate>, Option<CommandError>) {
    match startup::candidates(choice, settings, loader) {
        Ok(candidates) => (candidates, None),
        Err(failure) => (Vec::new(), Some(failure)),
    }
}

fn may_be_unloaded(word: &str) -> bool {
    let is_short_version = word.starts_with('-') && !word.starts_with("--") && word.contains('V');
    matches!(word, "completion" | "plugin" | "--version") || is_short_version
}

fn is_unloaded(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path[..], ["completion", ..] | ["plugin", "disable" | "enable" | "list" | "path"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Unloaded> {
        Unloaded::parse(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn commands_that_need_no_plugin_are_found() {
        for line in ["flyte-host plugin list", "flyte-host -v plugin disable a", "flyte-host completion bash"]
        {
            assert!(matches!(parse(line), Some(Unloaded::Command(_))), "{line}");
        }
        for line in ["flyte-host --version", "flyte-host -vV", "flyte-host -p x --version"] {
            assert!(matches!(parse(line), Some(Unloaded::Version(_))), "{line}");
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
