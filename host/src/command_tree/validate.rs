//! Validates a command or an argument by itself, before clap sees it.
//!
//! Together with [`scope`](crate::command_tree::scope), which checks it against its neighbours, this covers
//! everything that makes clap panic.

use plugin_abi::ArgKind;
use plugin_host::edits::{NewArg, NewCommand, Problem, command_label, quoted};

use super::scope::Scope;

/// Maximum length in bytes of a help text of a plugin.
const MAX_TEXT: usize = 64 * 1024;

/// Validates a command with its subcommands. `scope` has the global arguments that it would inherit.
pub(super) fn command(new: &NewCommand, parent: &[String], scope: &Scope) -> Result<(), Problem> {
    command_name(&new.name, new, parent)?;
    for (index, alias) in new.aliases.iter().enumerate() {
        command_name(alias, new, parent)?;
        if *alias == new.name || new.aliases.get(..index).is_some_and(|before| before.contains(alias)) {
            let name = command_label(&[parent, std::slice::from_ref(&new.name)].concat());
            return Err(Problem::new(format_args!(
                "adds the command {name}, which has the name {} twice",
                quoted(alias)
            )));
        }
    }
    let path = [parent, std::slice::from_ref(&new.name)].concat();
    for (what, text) in [
        ("description", &new.about),
        ("long description", &new.long_about),
        ("text after the options", &new.after_help),
    ] {
        help_text(text.as_deref(), || format!("gives {} a {what}", command_label(&path)))?;
    }
    let mut names: Vec<&str> = Vec::new();
    for below in &new.commands {
        for name in std::iter::once(&below.name).chain(&below.aliases) {
            if names.contains(&name.as_str()) {
                let group = command_label(&path);
                return Err(Problem::new(format_args!(
                    "adds two commands with the name {} to {group}",
                    quoted(name)
                )));
            }
            names.push(name);
        }
    }
    let inside = arguments(&new.args, &path, scope)?;
    new.commands.iter().try_for_each(|below| command(below, &path, &inside))
}

/// Validates the arguments of one command, and returns what its subcommands inherit.
fn arguments(args: &[NewArg], path: &[String], inherited: &Scope) -> Result<Scope, Problem> {
    let mut scope = inherited.clone();
    let mut order = Order::default();
    for arg in args {
        argument(arg, path)?;
        scope.insert(arg, path)?;
        order.follow(arg, path)?;
    }
    args.iter().try_for_each(|arg| scope.conflicts(arg, path))?;
    Ok(scope.below())
}

/// Validates one argument by itself.
pub(super) fn argument(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    spelling(arg, path)?;
    kind(arg, path)?;
    values(arg, path)?;
    let shown =
        [("help text", &arg.help), ("long help text", &arg.long_help), ("value name", &arg.value_name)];
    for (what, text) in shown {
        help_text(text.as_deref(), || format!("gives {} of {} a {what}", arg.title(), command_label(path)))?;
    }
    if arg.value_name.as_deref() == Some("") {
        return Err(arg.refuse(path, "has an empty value name"));
    }
    Ok(())
}

fn spelling(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    if arg.id.is_empty() || !is_plain(&arg.id) {
        return Err(arg.refuse(path, "has an id that is empty or has control characters"));
    }
    let longs = arg.long.iter().chain(&arg.aliases);
    if arg.kind == ArgKind::Positional {
        return match (&arg.short, longs.count()) {
            (None, 0) => Ok(()),
            _ => Err(arg.refuse(path, "is positional and cannot have a long or short name")),
        };
    }
    for long in longs {
        if !is_long_name(long) {
            let long = quoted(long);
            return Err(arg
                .refuse(path, &format!("has the long name {long}, which is not letters, digits, `-` and `_`"))
                .hint("omit the leading dashes"));
        }
    }
    match arg.short.as_deref().map(|short| (short, short.as_bytes())) {
        None if arg.long.is_none() => Err(arg.refuse(path, "has neither a long nor a short name")),
        None => Ok(()),
        Some((_, [byte])) if byte.is_ascii_graphic() && !matches!(byte, b'-' | b'=') => Ok(()),
        Some((short, _)) => {
            let short = quoted(short);
            Err(arg.refuse(
                path,
                &format!("has the short name {short}, which is not one printable ASCII character"),
            ))
        }
    }
}

/// Checks for properties that contradict the kind of the argument, or its being global.
fn kind(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    let refuse = |reason: &str| Err(arg.refuse(path, reason));
    if arg.global && arg.required {
        return refuse("is both global and required");
    }
    if arg.global && arg.kind == ArgKind::Positional {
        return refuse("is global, which only options and flags can be");
    }
    if arg.required && !arg.defaults.is_empty() {
        return refuse("is required and cannot have a default");
    }
    if arg.takes_values() {
        return Ok(());
    }
    if !arg.defaults.is_empty() {
        return refuse("has a default, which only options and positionals can have");
    }
    if !arg.possible_values.is_empty() {
        return refuse("takes no values and cannot have possible values");
    }
    if arg.multiple {
        return refuse("takes no values and cannot take several");
    }
    Ok(())
}

fn values(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    if !arg.multiple && arg.defaults.len() > 1 {
        return Err(arg.refuse(path, &format!("has {} defaults but takes one value", arg.defaults.len())));
    }
    for (index, value) in arg.possible_values.iter().enumerate() {
        if value.is_empty() || !is_plain(value) {
            return Err(arg.refuse(path, "has a possible value that is empty or has control characters"));
        }
        if arg.possible_values.get(..index).is_some_and(|before| before.contains(value)) {
            return Err(arg.refuse(path, &format!("has the possible value {} twice", quoted(value))));
        }
    }
    for value in &arg.defaults {
        if !is_plain(value) {
            return Err(arg.refuse(path, "has a default with control characters"));
        }
        if !arg.possible_values.is_empty() && !arg.possible_values.contains(value) {
            let (value, possible) =
                (quoted(value), arg.possible_values.iter().map(|one| quoted(one)).collect::<Vec<_>>());
            let reason = format!(
                "has the default {value}, which is not one of its possible values {}",
                possible.join(", ")
            );
            return Err(arg.refuse(path, &reason));
        }
    }
    match &arg.env {
        Some(name) if !is_variable(name) => {
            let name = quoted(name);
            Err(arg.refuse(path, &format!("names the variable {name}, which is not letters, digits and `_`")))
        }
        _ => Ok(()),
    }
}

/// The order of positionals: which of them are optional or take several values.
#[derive(Default)]
pub(super) struct Order {
    optional: Option<String>,
    multiple: Option<String>,
}

impl Order {
    /// The order of a command's positionals.
    pub(super) fn from_command(command: &clap::Command) -> Self {
        let mut order = Self::default();
        for arg in command.get_positionals() {
            let id = arg.get_id().as_str();
            order.note(id, arg.is_required_set(), crate::command_tree::values::is_multiple(arg));
        }
        order
    }

    /// Validates the next argument.
    pub(super) fn follow(&mut self, arg: &NewArg, path: &[String]) -> Result<(), Problem> {
        if arg.kind != ArgKind::Positional {
            return Ok(());
        }
        if let Some(before) = &self.multiple {
            let reason = format!("follows {}, which takes all remaining values", quoted(before));
            return Err(arg.refuse(path, &reason));
        }
        match &self.optional {
            Some(before) if arg.required => {
                Err(arg
                    .refuse(path, &format!("is required but follows {}, which is optional", quoted(before))))
            }
            _ => {
                self.note(&arg.id, arg.required, arg.multiple);
                Ok(())
            }
        }
    }

    fn note(&mut self, id: &str, required: bool, multiple: bool) {
        if multiple {
            self.multiple = Some(id.to_owned());
        }
        if !required {
            self.optional = Some(id.to_owned());
        }
    }
}

fn command_name(name: &str, new: &NewCommand, parent: &[String]) -> Result<(), Problem> {
    let below = if parent.is_empty() { String::new() } else { format!(" to {}", command_label(parent)) };
    let which = if std::ptr::eq(name, new.name.as_str()) {
        format!("adds a command{below} with the name {}", quoted(name))
    } else {
        format!("adds the command {}{below} with the alias {}", quoted(&new.name), quoted(name))
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_name {
        return Err(Problem::new(format_args!("{which}, which is not lower-case letters, digits and `-`")));
    }
    if name == "help" {
        return Err(Problem::new(format_args!("{which}, which is reserved")));
    }
    Ok(())
}

fn help_text(text: Option<&str>, whose: impl Fn() -> String) -> Result<(), Problem> {
    match text {
        Some(text) if text.len() > MAX_TEXT => {
            Err(Problem::new(format_args!("{} of more than {} KiB", whose(), MAX_TEXT / 1024)))
        }
        Some(text) if !text.chars().all(|char| matches!(char, '\n' | '\t') || is_plain_char(char)) => {
            Err(Problem::new(format_args!("{} with control characters", whose()))
                .hint("leave colours and other styles to the host"))
        }
        _ => Ok(()),
    }
}

fn is_long_name(long: &str) -> bool {
    long.starts_with(|first: char| first.is_ascii_alphanumeric())
        && long.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_plain(text: &str) -> bool {
    text.chars().all(is_plain_char)
}

/// Neither a control character nor a bidirectional override.
fn is_plain_char(char: char) -> bool {
    !flyte_text::sanitize::is_terminal_control(char)
}
