//! `-o` per command: a command accepts the formats that its help lists.
//!
//! `-o` is global, so that it may stand before the command, where clap accepts the formats of all commands.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::{
    command_tree::{Parsed, Tree},
    global::{OUTPUT, OutputArg},
};

/// Parses the command line, and refuses a format that the command does not have.
pub(super) fn parse(tree: &Tree, words: &[OsString]) -> Result<Parsed, clap::Error> {
    let parsed = tree.parse(words.iter().cloned())?;
    check(tree, &parsed)?;
    Ok(parsed)
}

/// Refuses a format that the command does not have.
pub(super) fn check(tree: &Tree, parsed: &Parsed) -> Result<(), clap::Error> {
    let Ok(Some(given)) = parsed.leaf().try_get_one::<OutputArg>(OUTPUT) else { return Ok(()) };
    let program = tree.command();
    let own = parsed.path().iter().try_fold(program, |command, name| command.find_subcommand(name));
    let arg = own.and_then(find).or_else(|| find(program));
    let shown = arg.map(clap::Arg::get_possible_values).unwrap_or_default();
    let shown: Vec<String> =
        shown.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned()).collect();
    if shown.is_empty() || shown.iter().any(|name| *name == given.name()) {
        return Ok(());
    }
    let title = arg.map(|arg| arg.clone().num_args(1).to_string()).unwrap_or_default();
    let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(program);
    error.insert(ContextKind::InvalidArg, ContextValue::String(title));
    error.insert(ContextKind::InvalidValue, ContextValue::String(given.name()));
    error.insert(ContextKind::ValidValue, ContextValue::Strings(shown));
    Err(error)
}

fn find(command: &clap::Command) -> Option<&clap::Arg> {
    command.get_arguments().find(|arg| arg.get_id() == OUTPUT)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::app::args::Cli;

    fn outcome(line: &str) -> Result<(), String> {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        parse(&Tree::new(Cli::command()), &words).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn a_format_is_accepted_where_it_exists_before_and_after_the_command() {
        for line in [
            "flyte-host -o dot get workflow a",
            "flyte-host get workflow a -o dot",
            "flyte-host get -o dot workflow a",
            "flyte-host -o pb register --dry-run a.yaml --out-dir out",
            "flyte-host register -o name a.yaml",
            "flyte-host get tasks -o yaml",
            "flyte-host -o json sandbox stop",
        ] {
            assert_eq!(outcome(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn another_format_is_refused_with_the_list() {
        for line in
            ["flyte-host get tasks -o dot", "flyte-host -o dot get tasks", "flyte-host -o pb config show"]
        {
            let text = outcome(line).unwrap_err();
            assert!(
                text.contains("for '--output <FORMAT>'\n  [possible values: json, name, table, yaml]"),
                "{text}"
            );
        }
        let text = outcome("flyte-host get workflows -o pb").unwrap_err();
        assert!(text.contains("[possible values: dot, json, name, table, yaml]"), "{text}");
    }

    #[test]
    fn help_lists_the_formats_of_the_command() {
        let help = |line: &str| outcome(line).unwrap_err();
        assert!(!help("flyte-host get tasks --help").contains("dot"));
        assert!(help("flyte-host get workflows --help").contains("Graphviz"));
        assert!(help("flyte-host register --help").contains("pyflyte package"));
        assert!(!help("flyte-host --help").contains("Graphviz"));
    }
}
