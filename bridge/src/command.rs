//! The command line of pyflyte, as plugins see it in `configure_cli`.

use plugin_abi::{Arg, Command, PluginError};
use pyo3::prelude::*;

/// A command with its subcommands, read from a `dict`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct CommandView {
    name: String,
    about: Option<String>,
    hidden: bool,
    runs: bool,
    arguments: Vec<ArgumentView>,
    commands: Vec<CommandView>,
}

/// An argument.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ArgumentView {
    id: String,
    kind: u32,
    long: Option<String>,
    short: Option<char>,
    help: Option<String>,
    required: bool,
    multiple: bool,
    hidden: bool,
    default_values: Vec<String>,
    possible_values: Vec<String>,
    env: Option<String>,
}

impl From<CommandView> for Command {
    fn from(view: CommandView) -> Self {
        let command = Self::new(view.name).hidden(view.hidden);
        let command = view.about.into_iter().fold(command, Self::about);
        let command = view.arguments.into_iter().map(Arg::from).fold(command, Self::arg);
        let command = view.commands.into_iter().map(Self::from).fold(command, Self::command);
        if view.runs { command.run(refuse) } else { command }
    }
}

/// What pyflyte itself runs, a plugin cannot run through the view.
fn refuse(_invocation: &plugin_abi::Invocation<'_>) -> Result<(), PluginError> {
    Err(PluginError::new("cannot run a built-in command"))
}

impl From<ArgumentView> for Arg {
    fn from(view: ArgumentView) -> Self {
        // The numbers are those of the protocol, which `_view.py` writes.
        let arg = match view.kind {
            1 => Self::flag(view.id),
            2 => Self::positional(view.id),
            3 => Self::counter(view.id),
            _ => Self::option(view.id),
        };
        let arg = view.long.into_iter().fold(arg, Self::long);
        let arg = view.short.into_iter().fold(arg, Self::short);
        let arg = view.help.into_iter().fold(arg, Self::help);
        let arg = view.env.into_iter().fold(arg, Self::env);
        let arg = arg.required(view.required).multiple(view.multiple).hidden(view.hidden);
        arg.default_values(view.default_values).possible_values(view.possible_values)
    }
}
