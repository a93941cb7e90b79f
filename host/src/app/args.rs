//! The built-in command line. [`crate::command_tree`] applies the changes of plugins.

use clap::Parser;

use crate::commands::Command;
use crate::global::Global;

/// A Flyte CLI you can extend with compiled plugins
///
/// Select plugins with `FLYTE_PLUGIN` or `--plugin`: a path, a name in `~/.flyte/plugins`, or a list of
/// these. Without plugins, the built-in behaviour is used.
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
    /// Options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Paths of commands whose help has no example.
    fn commands_without_example(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        let help = command.get_after_help().or(command.get_after_long_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        if !help.split_once("Example").is_some_and(|(_, examples)| examples.contains(&path)) {
            found.push(path.clone());
        }
        let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
        visible.for_each(|command| commands_without_example(command, &path, found));
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let mut found = Vec::new();
        commands_without_example(&Cli::command(), "", &mut found);
        assert_eq!(found, [""; 0]);
    }
}
