//! Judges a command or an argument on its own, before the parser sees it.
//!
//! Together with [`scope`](crate::command_tree::scope), which judges it among its neighbours, this covers whatever
//! clap would panic about.

use plugin_abi::ArgKind;

use super::{
    edit_request::{NewArg, NewCommand},
    problem::{Problem, place, quoted},
    scope::Scope,
};

/// The longest text of a plugin's that help shows.
const MAX_TEXT: usize = 64 * 1024;

/// Judges a command with all below it. `scope` is what it would inherit where it is to stand.
pub(super) fn command(new: &NewCommand, parent: &[String], scope: &Scope) -> Result<(), Problem> {
    command_name(&new.name, new, parent)?;
    for (index, alias) in new.aliases.iter().enumerate() {
        command_name(alias, new, parent)?;
        if *alias == new.name || new.aliases.get(..index).is_some_and(|before| before.contains(alias)) {
            let name = place(&[parent, std::slice::from_ref(&new.name)].concat());
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
        help_text(text.as_deref(), || format!("gives {} a {what}", place(&path)))?;
    }
    let mut names: Vec<&str> = Vec::new();
    for below in &new.commands {
        for name in std::iter::once(&below.name).chain(&below.aliases) {
            if names.contains(&name.as_str()) {
                let group = place(&path);
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

/// Judges the arguments of one command, and gives what the commands below inherit.
fn arguments(args: &[NewArg], path: &[String], inherited: &Scope) -> Result<Scope, Problem> {
    let mut scope = inherited.clone();
    let mut order = Order::default();
    for arg in args {
        argument(arg, path)?;
        scope.admit(arg, path)?;
        order.follow(arg, path)?;
    }
    args.iter().try_for_each(|arg| scope.conflicts(arg, path))?;
    Ok(scope.below())
}

/// Judges one argument on its own.
pub(super) fn argument(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    spelling(arg, path)?;
    kind(arg, path)?;
    values(arg, path)?;
    let shown =
        [("help text", &arg.help), ("long help text", &arg.long_help), ("value name", &arg.value_name)];
    for (what, text) in shown {
        help_text(text.as_deref(), || format!("gives {} of {} a {what}", arg.title(), place(path)))?;
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
            _ => Err(arg.refuse(path, "goes by its place, and yet has a name with dashes")),
        };
    }
    for long in longs {
        if !is_long_name(long) {
            let long = quoted(long);
            return Err(arg
                .refuse(path, &format!("has the long name {long}, which is not letters, digits, `-` and `_`"))
                .hint("names are given without the dashes in front"));
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

/// What does not go together with the kind of the argument, or with being global.
fn kind(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    let refuse = |reason: &str| Err(arg.refuse(path, reason));
    if arg.global && arg.required {
        return refuse("is both global and required");
    }
    if arg.global && arg.kind == ArgKind::Positional {
        return refuse("is global, which only options and flags can be");
    }
    if arg.required && !arg.defaults.is_empty() {
        return refuse("is required, and yet has a default");
    }
    if arg.takes_values() {
        return Ok(());
    }
    if !arg.defaults.is_empty() {
        return refuse("has a default, which only options and positionals can have");
    }
    if !arg.possible_values.is_empty() {
        return refuse("has possible values, and yet takes none");
    }
    if arg.multiple {
        return refuse("takes several values, and yet takes none");
    }
    Ok(())
}

fn values(arg: &NewArg, path: &[String]) -> Result<(), Problem> {
    if !arg.multiple && arg.defaults.len() > 1 {
        return Err(
            arg.refuse(path, &format!("has {} defaults, and yet takes one value", arg.defaults.len()))
        );
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
                "has the default {value}, which is none of its possible values {}",
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

/// The order of positionals, which they go by.
#[derive(Default)]
pub(super) struct Order {
    optional: Option<String>,
    multiple: Option<String>,
}

impl Order {
    /// The order of those that a command has already.
    pub(super) fn of(command: &clap::Command) -> Self {
        let mut order = Self::default();
        for arg in command.get_positionals() {
            let id = arg.get_id().as_str();
            order.note(id, arg.is_required_set(), crate::command_tree::values::is_multiple(arg));
        }
        order
    }

    /// Judges the next argument.
    pub(super) fn follow(&mut self, arg: &NewArg, path: &[String]) -> Result<(), Problem> {
        if arg.kind != ArgKind::Positional {
            return Ok(());
        }
        if let Some(before) = &self.multiple {
            let reason = format!("comes behind {}, which takes all values that are left", quoted(before));
            return Err(arg.refuse(path, &reason));
        }
        match &self.optional {
            Some(before) if arg.required => Err(arg.refuse(
                path,
                &format!("is required, and yet comes behind {}, which is not", quoted(before)),
            )),
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
    let below = if parent.is_empty() { String::new() } else { format!(" to {}", place(parent)) };
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
        return Err(Problem::new(format_args!("{which}, which the host keeps for itself")));
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
                .hint("colours and the like are the host's business"))
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

/// Neither a control character nor one that turns the direction of the text around it.
fn is_plain_char(char: char) -> bool {
    !flyte_text::sanitize::is_terminal_control(char)
}
