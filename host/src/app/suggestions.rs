//! Commands of other command lines and their equivalents here: a better tip than the most similar name.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use plugin_host::{Loader, preflight};

/// Parent commands, as in the usage line; unknown subcommands; the command to run instead.
type Row = (&'static [&'static str], &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    (&["", "execution"], &["list", "ls", "executions", "runs", "ps", "history"], "get executions"),
    (&["get"], &["runs", "run", "workflow-executions"], "get executions"),
    (&["", "execution"], &["describe", "info", "log", "logs", "status"], "execution show NAME"),
    (&["execution"], &["get"], "execution show NAME"),
    (&[""], &["show"], "execution show NAME"),
    (&["", "execution"], &["cancel", "delete", "kill", "stop"], "execution terminate NAME"),
    (&[""], &["abort", "terminate"], "execution terminate NAME"),
    (&["", "execution"], &["attach", "follow", "wait"], "execution watch NAME"),
    (&[""], &["watch"], "execution watch NAME"),
    (&["", "execution"], &["rerun", "restart", "retry"], "execution relaunch NAME"),
    (&[""], &["relaunch"], "execution relaunch NAME"),
    (&[""], &["recover"], "execution recover NAME"),
    (&[""], &["approve"], "execution approve NAME"),
    (&[""], &["reject"], "execution reject NAME"),
    (&["", "execution"], &["download", "results"], "fetch NAME"),
    (&[""], &["outputs", "output"], "execution outputs NAME"),
    (&[""], &["inputs", "input"], "execution inputs NAME"),
    (&[""], &["tasks", "task"], "get tasks"),
    (&[""], &["workflows", "workflow"], "get workflows"),
    (&[""], &["launch-plan", "launch-plans", "launchplans"], "get launch-plans"),
    (&["launchplan"], &["get", "list", "ls"], "get launch-plans"),
    (&[""], &["projects"], "get projects"),
    (&["project"], &["get", "list", "ls"], "get projects"),
    (&["project"], &["delete", "remove", "rm"], "project archive ID"),
    (&[""], &["domains", "domain"], "get domains"),
    (&[""], &["nodes", "node"], "get nodes NAME"),
    (&[""], &["plugins"], "plugin list"),
    (&["plugin"], &["ls"], "plugin list"),
    (&[""], &["deploy", "apply", "package", "serialize"], "register FILES"),
    (&[""], &["create", "execute", "launch", "submit", "start"], "run NAME"),
    (&["", "sandbox"], &["demo", "serve", "server", "up"], "sandbox start"),
    (&["sandbox"], &["delete", "remove", "rm", "teardown"], "sandbox reset"),
    (&["sandbox"], &["down", "kill"], "sandbox stop"),
    (&["config"], &["get", "list", "view"], "config show"),
    (&[""], &["auth", "signin"], "login"),
];

/// Replaces the tip of an error about an unknown command, if it is the name of an installed plugin that is
/// not in use, or if the table has one.
pub(super) fn suggest(error: &mut clap::Error, loader: &Loader) {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return;
    }
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => return,
    };
    let above = above(error);
    let plugin =
        || (above.is_empty() && is_installed(loader, &word)).then(|| format!("plugin enable {word}"));
    let Some(command) = instead(&above, &word).map(str::to_owned).or_else(plugin) else { return };
    error.remove(ContextKind::SuggestedSubcommand);
    let tip = format!("run 'flyte-host {command}'").into();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
}

/// Whether a file in the plugin directories has this name in its passport. None of its code runs.
fn is_installed(loader: &Loader, name: &str) -> bool {
    let mut files = loader.directories().libraries().into_iter();
    files.any(|file| preflight::read_passport(&file).is_ok_and(|passport| passport.name() == name))
}

fn instead(above: &str, word: &str) -> Option<&'static str> {
    let is_it = |row: &&Row| row.0.contains(&above) && row.1.contains(&word);
    ROWS.iter().find(is_it).map(|(_, _, command)| *command)
}

/// The parent command of the unknown one, from `Usage: flyte-host execution [OPTIONS] <COMMAND>`.
fn above(error: &clap::Error) -> String {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|word| *word != "Usage:").skip(2);
    words.take_while(|word| !word.starts_with(['[', '<'])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use plugin_host::Directories;

    use super::*;
    use crate::app::args::Cli;

    /// The command at a path of words; none where a word is not a command.
    fn find(path: &str) -> Option<clap::Command> {
        path.split_whitespace().try_fold(Cli::command(), |command, word| {
            let below = command.get_subcommands().find(|below| below.get_name() == word);
            below.cloned()
        })
    }

    #[test]
    fn what_is_proposed_is_there_and_what_is_typed_is_not() {
        for (above, words, command) in ROWS {
            let names = command.split(' ').filter(|word| word.chars().all(|letter| !letter.is_uppercase()));
            assert!(find(&names.collect::<Vec<_>>().join(" ")).is_some(), "{command}");
            for above in *above {
                let command = find(above).unwrap();
                for word in *words {
                    assert!(command.find_subcommand(word).is_none(), "`{above} {word}` is a command");
                }
            }
        }
    }

    #[test]
    fn no_word_stands_for_two_commands() {
        for (index, (above, words, _)) in ROWS.iter().enumerate() {
            for (above, word) in above.iter().flat_map(|above| words.iter().map(move |word| (above, word))) {
                let again = ROWS[index + 1..].iter().any(|row| row.0.contains(above) && row.1.contains(word));
                assert!(!again, "`{above} {word}`");
            }
        }
    }

    fn error_text(words: &[&str]) -> String {
        let words = std::iter::once(&"flyte-host").chain(words);
        let mut error = Cli::command().try_get_matches_from(words).unwrap_err();
        suggest(&mut error, &Loader::new("test", Directories::new(None, None)));
        error.to_string()
    }

    #[test]
    fn logs_are_not_to_log_out() {
        for words in [&["logs"][..], &["execution", "logs", "a1"], &["-p", "x", "execution", "status"]] {
            let text = error_text(words);
            assert!(text.contains("tip: run 'flyte-host execution show NAME'"), "{text}");
            assert!(!text.contains("logout"), "{text}");
        }
        assert!(error_text(&["exection"]).contains("'execution'"), "near names are still proposed");
    }
}
