//! `completion`, and the answers to a shell that completes a command line.
//!
//! The script contains no commands: at every TAB it calls the program with [`env::COMPLETE`] set. So the
//! commands, options and values of plugins complete like built-in ones.

use std::{ffi::OsString, path::Path};

use clap::{Args, ValueEnum};
use clap_complete::{
    engine::{self, CompletionCandidate},
    env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh},
};

use crate::{
    env,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

/// Print a shell completion script
///
/// The script calls this program at every TAB, so commands, options and values of plugins complete as well.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  bash:       echo 'source <(flyte-host completion bash)' >> ~/.bashrc
  zsh:        echo 'source <(flyte-host completion zsh)' >> ~/.zshrc
  fish:       flyte-host completion fish > ~/.config/fish/completions/flyte-host.fish
  powershell: flyte-host completion powershell >> $PROFILE
  elvish:     flyte-host completion elvish >> ~/.config/elvish/rc.elv")]
pub(crate) struct CompletionArgs {
    /// Shell to print the script for
    shell: Shell,
}

/// The supported shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Elvish => &Elvish,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
            Self::Zsh => &Zsh,
        }
    }
}

/// Runs `completion`.
///
/// # Errors
///
/// A closed output.
pub(crate) fn run(args: &CompletionArgs, ui: &Ui) -> Result<(), CommandError> {
    let called_as = std::env::args_os().next().unwrap_or_else(|| "flyte-host".into());
    let name = Path::new(&called_as).file_name().unwrap_or(&called_as).to_string_lossy().into_owned();
    // A name without a folder is found on `PATH` later too; else the script must hold on to this file.
    let program = match std::env::current_exe() {
        Ok(path) if Path::new(&called_as).components().count() > 1 => path.to_string_lossy().into_owned(),
        _ => name.clone(),
    };
    let mut script = Vec::new();
    args.shell
        .completer()
        .write_registration(env::COMPLETE, "flyte_host", &name, &program, &mut script)
        .map_err(|error| {
            CommandError::new(Exit::Internal, "internal error: could not generate the completion script")
                .caused_by(error)
        })?;
    ui.print_exact(String::from_utf8_lossy(&script).trim_start_matches('\n'))
}

/// A shell's request for completions of a command line.
#[derive(Debug)]
pub(crate) struct CompletionRequest {
    shell: Shell,
    words: Vec<OsString>,
    /// The word that is being typed.
    index: usize,
}

impl CompletionRequest {
    /// The request, if a completion script started this process. `words` are the arguments of the process.
    #[must_use]
    pub(crate) fn from_process(words: &[OsString]) -> Option<Self> {
        let shell = env::text(env::COMPLETE)?;
        let shell = Shell::from_str(&shell, true).ok()?;
        let typed = words.iter().position(|word| word == "--")? + 1;
        let words = words.get(typed..)?.to_vec();
        let index = env::text("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
        Some(Self::new(shell, words, index))
    }

    fn new(shell: Shell, mut words: Vec<OsString>, index: Option<usize>) -> Self {
        let mut index = index.unwrap_or(words.len().saturating_sub(1));
        if words.len() == index {
            // zsh leaves out a word that is still empty.
            words.push(OsString::new());
        }
        if shell == Shell::Bash {
            // bash takes `--name=value` for three words.
            while let Some(sign) = (2..index).find(|&at| words[at] == "=" && is_long_option(&words[at - 1])) {
                words.remove(sign);
                index -= 1;
            }
        }
        Self { shell, words, index }
    }

    /// The arguments of the command line to complete, the program's name first.
    #[must_use]
    pub(crate) fn arguments(&self) -> &[OsString] {
        &self.words
    }

    /// Prints the completions in the format that the shell's script expects.
    ///
    /// # Errors
    ///
    /// A closed output.
    pub(crate) fn answer(&self, command: &clap::Command, ui: &Ui) -> Result<(), CommandError> {
        let answer = self.render(command);
        // Some shells expect a control character between lines, which must not be stripped.
        ui.print_exact(&answer)
    }

    fn render(&self, command: &clap::Command) -> String {
        let folder = std::env::current_dir().ok();
        let complete = |mut command: clap::Command| {
            let found = engine::complete(&mut command, self.words.clone(), self.index, folder.as_deref());
            // clap falls back to hidden candidates.
            let shown = found.unwrap_or_default().into_iter().filter(|candidate| !candidate.is_hide_set());
            shown.collect::<Vec<_>>()
        };
        let mut shown = complete(without_aliases(command.clone()));
        if shown.is_empty() {
            shown = complete(command.clone());
        }
        let lines: Vec<String> = shown.iter().map(|candidate| self.line(candidate)).collect();
        match self.shell {
            Shell::Bash | Shell::Elvish | Shell::Zsh => {
                lines.join(&env::text("_CLAP_IFS").unwrap_or_else(|| "\n".to_owned()))
            }
            Shell::Fish | Shell::Powershell => lines.iter().map(|line| format!("{line}\n")).collect(),
        }
    }

    fn line(&self, candidate: &CompletionCandidate) -> String {
        let value = candidate.get_value().to_string_lossy();
        let help = candidate.get_help().map(ToString::to_string);
        let help = help.as_deref().and_then(|help| help.lines().next());
        match (self.shell, help) {
            (Shell::Zsh, help) => {
                let value = value.replace('\\', "\\\\").replace(':', "\\:");
                help.map_or_else(|| value.clone(), |help| format!("{value}:{}", help.replace('\\', "\\\\")))
            }
            (Shell::Fish | Shell::Powershell, Some(help)) => format!("{value}\t{help}"),
            _ => value.into_owned(),
        }
    }
}

/// The same command line with all aliases hidden. clap completes only the first of several names in
/// alphabetical order, which may be an alias.
fn without_aliases(command: clap::Command) -> clap::Command {
    let aliases: Vec<String> = command.get_all_aliases().map(str::to_owned).collect();
    let command = command.visible_alias(None::<&'static str>).aliases(aliases);
    command.mut_args(without_aliases_of_arg).mut_subcommands(without_aliases)
}

fn without_aliases_of_arg(arg: clap::Arg) -> clap::Arg {
    let aliases = arg.get_all_aliases().unwrap_or_default();
    let aliases: Vec<String> = aliases.into_iter().map(str::to_owned).collect();
    arg.visible_alias(None::<&'static str>).aliases(aliases)
}

fn is_long_option(word: &OsString) -> bool {
    word.len() > 2 && word.as_encoded_bytes().starts_with(b"--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> clap::Command {
        clap::Command::new("flyte-host")
            .subcommand(
                clap::Command::new("greet").about("Greet a person").arg(
                    clap::Arg::new("tone").long("tone").help("How to say it").value_parser(["high", "low"]),
                ),
            )
            .subcommand(
                clap::Command::new("group")
                    .about("A group: of commands")
                    .subcommand(clap::Command::new("leaf")),
            )
            .subcommand(
                clap::Command::new("watch")
                    .visible_alias("observe")
                    .alias("look")
                    .arg(clap::Arg::new("until").long("until").visible_alias("as-long")),
            )
            .subcommand(
                clap::Command::new("secret").hide(true).arg(clap::Arg::new("who").long("who").hide(true)),
            )
    }

    fn answer(shell: Shell, words: &[&str]) -> String {
        let words = std::iter::once("flyte-host").chain(words.iter().copied()).map(OsString::from).collect();
        CompletionRequest::new(shell, words, None).render(&command())
    }

    #[test]
    fn commands_and_values_complete() {
        assert_eq!(answer(Shell::Bash, &["g"]), "greet\ngroup");
        assert_eq!(answer(Shell::Bash, &["group", "l"]), "leaf");
        assert_eq!(answer(Shell::Bash, &["greet", "--tone", "h"]), "high");
        assert_eq!(answer(Shell::Bash, &["help", "gre"]), "greet");
    }

    #[test]
    fn each_shell_gets_its_own_form() {
        assert_eq!(answer(Shell::Elvish, &["g"]), "greet\ngroup");
        assert_eq!(answer(Shell::Zsh, &["g"]), "greet:Greet a person\ngroup:A group: of commands");
        assert_eq!(answer(Shell::Fish, &["gre"]), "greet\tGreet a person\n");
        assert_eq!(answer(Shell::Powershell, &["gre"]), "greet\tGreet a person\n");
    }

    #[test]
    fn bash_takes_an_equals_sign_for_a_word() {
        assert_eq!(answer(Shell::Bash, &["greet", "--tone", "=", "l"]), "low");
        assert_eq!(answer(Shell::Bash, &["greet", "--tone", "=", ""]), "high\nlow");
        assert_eq!(answer(Shell::Fish, &["greet", "--tone=l"]), "--tone=low\n");
    }

    #[test]
    fn commands_are_offered_and_not_their_aliases() {
        let offered = answer(Shell::Bash, &[""]);
        assert_eq!(
            offered.split('\n').filter(|word| !word.starts_with('-')).collect::<Vec<_>>(),
            ["greet", "group", "watch", "help"]
        );
        assert_eq!(answer(Shell::Bash, &["watch", "--"]), "--until\n--help");
        // A prefix of an alias completes to the alias.
        assert_eq!(answer(Shell::Bash, &["ob"]), "observe");
        assert_eq!(answer(Shell::Bash, &["watch", "--as"]), "--as-long");
        assert_eq!(answer(Shell::Bash, &["observe", "--un"]), "--until");
        assert_eq!(answer(Shell::Bash, &["lo"]), "");
    }

    #[test]
    fn what_is_hidden_never_completes() {
        assert_eq!(answer(Shell::Bash, &["sec"]), "");
        assert_eq!(answer(Shell::Bash, &["secret", "--wh"]), "");
        assert_eq!(answer(Shell::Bash, &["help", "sec"]), "");
    }
}
