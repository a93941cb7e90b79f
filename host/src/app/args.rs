//! The built-in command line. What plugins do to it is in [`crate::command_tree`].

use clap::Parser;

use crate::commands::Command;
use crate::global::Global;

/// A Flyte command line that compiled plugins may change
///
/// Plugins are named by `FLYTE_PLUGIN` or `--plugin`: a path, the name of a file in
/// `~/.flyte/plugins`, or a list of these. Without one, the built-in default is used.
#[derive(Debug, Parser)]
#[command(
    name = "flyte-host",
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    version,
    disable_version_flag = true,
    after_help = "Examples:\n  flyte-host plugin list\n  FLYTE_PLUGIN=acme flyte-host register --dry-run task.yaml"
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The names of commands whose help shows nothing that could be typed.
    fn without_example(command: &clap::Command, way: &str, found: &mut Vec<String>) {
        let way = format!("{way} {}", command.get_name()).trim().to_owned();
        let help = command.get_after_help().or(command.get_after_long_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        if !help.split_once("Example").is_some_and(|(_, examples)| examples.contains(&way)) {
            found.push(way.clone());
        }
        let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
        visible.for_each(|command| without_example(command, &way, found));
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let mut found = Vec::new();
        without_example(&Cli::command(), "", &mut found);
        assert_eq!(found, [""; 0]);
    }
}
