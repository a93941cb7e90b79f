//! Converts validated commands and arguments of plugins to clap's.

use clap::{ArgAction, builder::PossibleValuesParser};
use plugin_abi::ArgKind;

use crate::env;

use plugin_host::edits::{NewArg, NewCommand};

/// A command with its subcommands.
pub(super) fn command(new: &NewCommand) -> clap::Command {
    let mut command = clap::Command::new(new.name.clone()).visible_aliases(&new.aliases).hide(new.hidden);
    if let Some(about) = &new.about {
        command = command.about(about.clone());
    }
    if let Some(about) = &new.long_about {
        command = command.long_about(about.clone());
    }
    if let Some(text) = &new.after_help {
        command = command.after_help(text.clone());
    }
    command = command.args(new.args.iter().map(argument)).subcommands(new.commands.iter().map(self::command));
    as_group(command, new.run.is_some())
}

/// Makes a group without a function print its help.
pub(super) fn as_group(command: clap::Command, runs: bool) -> clap::Command {
    let needs_more = !runs && command.has_subcommands();
    command.subcommand_required(needs_more).arg_required_else_help(needs_more)
}

/// An argument.
pub(super) fn argument(new: &NewArg) -> clap::Arg {
    let mut arg = clap::Arg::new(new.id.clone()).hide(new.hidden).required(new.required).global(new.global);
    arg = arg.visible_aliases(&new.aliases).conflicts_with_all(&new.conflicts_with);
    if let Some(long) = &new.long {
        arg = arg.long(long.clone());
    }
    if let Some(short) = new.short.as_deref().and_then(|short| short.chars().next()) {
        arg = arg.short(short);
    }
    if let Some(help) = &new.help {
        arg = arg.help(help.clone());
    }
    if let Some(help) = &new.long_help {
        arg = arg.long_help(help.clone());
    }
    if new.takes_values() {
        let from_id = || new.id.to_uppercase().replace('-', "_");
        arg = arg.value_name(new.value_name.clone().unwrap_or_else(from_id));
    }
    arg = match new.kind {
        ArgKind::Flag => arg.action(ArgAction::SetTrue).value_parser(clap::builder::FalseyValueParser::new()),
        ArgKind::Counter => arg.action(ArgAction::Count),
        ArgKind::Positional if new.multiple => valued(arg.action(ArgAction::Append).num_args(1..), new),
        _ if new.multiple => valued(arg.action(ArgAction::Append), new),
        _ => valued(arg.action(ArgAction::Set), new),
    };
    match &new.env {
        // An empty variable counts as not set.
        Some(name) if env::raw(name).is_none_or(|value| !value.is_empty()) => {
            arg.env(name.clone()).hide_env_values(true)
        }
        _ => arg,
    }
}

/// The properties of arguments with values.
fn valued(arg: clap::Arg, new: &NewArg) -> clap::Arg {
    // Plugins cannot declare numbers, and no built-in option is a digit.
    let arg = arg.default_values(new.defaults.iter().cloned()).allow_negative_numbers(true);
    if new.possible_values.is_empty() {
        arg
    } else {
        arg.value_parser(PossibleValuesParser::new(new.possible_values.clone()))
    }
}
