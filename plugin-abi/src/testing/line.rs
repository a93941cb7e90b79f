//! The command line of a test: the values of each argument, as the host would parse them.

use std::{collections::BTreeSet, env};

use crate::{Arg, ArgKind, Command, PluginError, error::result_from_raw, panics};

/// One argument of a command of the path, and its values.
struct Settled<'a> {
    arg: &'a Arg,
    values: Vec<String>,
    /// Whether the test or a variable gave them.
    given: bool,
    /// Whether they are others than the default.
    is_own: bool,
}

/// The commands of a path, from the top, with the values of their arguments.
pub(super) struct Line<'a> {
    levels: Vec<(&'a Command, Vec<Settled<'a>>)>,
}

impl<'a> Line<'a> {
    /// Finds the place of each value, fills in variables and defaults, and lets callbacks change them, in the
    /// order in which the arguments were added.
    pub(super) fn new(
        main: &'a Command,
        path: &[&str],
        values: &[(&str, &str)],
    ) -> Result<Self, PluginError> {
        let levels = levels(main, path)?;
        let mut given: Vec<Vec<(&Arg, &str)>> = levels.iter().map(|_| Vec::new()).collect();
        for (id, value) in values {
            let (depth, arg) = nearest(&levels, id).ok_or_else(|| {
                PluginError::usage(format_args!("the command `{}` has no argument `{id}`", path.join(" ")))
            })?;
            given[depth].push((arg, value));
        }
        let settled = levels.into_iter().zip(&given).map(|(command, given)| {
            let args = command.args.iter().map(|arg| settle(arg, given)).collect::<Result<Vec<_>, _>>()?;
            conflicts(&args)?;
            Ok::<_, PluginError>((command, args))
        });
        Ok(Self { levels: settled.collect::<Result<_, _>>()? })
    }

    /// The command that the path leads to.
    pub(super) fn command(&self) -> Option<&'a Command> {
        self.levels.last().map(|(command, _)| *command)
    }

    /// The names of the commands, aliases spelt out.
    pub(super) fn path(&self) -> impl Iterator<Item = &str> {
        self.levels.iter().map(|(command, _)| command.name.as_str())
    }

    /// The values of an argument, its defaults included, of the nearest command that has it.
    pub(super) fn values(&self, id: &str) -> Option<&[String]> {
        let values = self.settled(id)?.values.as_slice();
        (!values.is_empty()).then_some(values)
    }

    /// Whether that argument was given.
    pub(super) fn given(&self, id: &str) -> bool {
        self.settled(id).is_some_and(|settled| settled.given)
    }

    fn settled(&self, id: &str) -> Option<&Settled<'a>> {
        let mut deepest_first = self.levels.iter().rev();
        deepest_first.find_map(|(_, args)| args.iter().find(|settled| is_named(settled.arg, id)))
    }

    /// What a parser of the author's reads: the host's `command_tree::values::Line` for the words of each
    /// command.
    pub(super) fn arguments(&self, from: usize) -> Vec<String> {
        let mut words = Vec::new();
        for (depth, (command, args)) in self.levels.iter().enumerate().skip(from) {
            let below = self.levels.get(depth + 1).map(|(below, _)| below.name.as_str());
            let own = args.iter().filter(|settled| settled.is_own);
            words.extend(finish(own, below, !command.commands.is_empty()));
        }
        words
    }
}

/// The commands that a path of names and aliases leads to.
fn levels<'a>(main: &'a Command, path: &[&str]) -> Result<Vec<&'a Command>, PluginError> {
    let mut at = main;
    let mut levels = Vec::new();
    for name in path {
        let is_it = |below: &&Command| below.name == *name || below.aliases.iter().any(|alias| alias == name);
        at = at.commands.iter().find(is_it).ok_or_else(|| {
            PluginError::new(format_args!("the plugin adds no command `{}`", path.join(" ")))
        })?;
        levels.push(at);
    }
    Ok(levels)
}

fn is_named(arg: &Arg, id: &str) -> bool {
    arg.id == id || arg.long.as_deref() == Some(id)
}

/// The argument of the deepest command that has it.
fn nearest<'a>(levels: &[&'a Command], id: &str) -> Option<(usize, &'a Arg)> {
    let mut deepest_first = levels.iter().enumerate().rev();
    deepest_first
        .find_map(|(depth, command)| Some((depth, command.args.iter().find(|arg| is_named(arg, id))?)))
}

fn settle<'a>(arg: &'a Arg, given: &[(&Arg, &str)]) -> Result<Settled<'a>, PluginError> {
    let given = given.iter().filter(|(of, _)| of.id == arg.id).map(|(_, value)| (*value).to_owned());
    let mut values: Vec<String> = given.collect();
    if values.is_empty() {
        values.extend(variable(arg));
    }
    let given = !values.is_empty();
    let default = default(arg);
    let mut values = if given { read(arg, values)? } else { default.clone() };
    if arg.required && !given && values.is_empty() {
        let message = format!("the following required arguments were not provided: {}", title(arg));
        return Err(PluginError::usage(message));
    }
    // Rust 1.85 has no chains of `let`.
    if let Some(callback) = &arg.callback {
        if let Some(changed) = result_from_raw(panics::guard(|| callback(&values, given)))? {
            values = changed;
        }
    }
    Ok(Settled { arg, given, is_own: given || values != default, values })
}

/// The value of the argument's variable; an empty one counts as not set.
fn variable(arg: &Arg) -> Option<String> {
    env::var(arg.env.as_ref()?).ok().filter(|value| !value.is_empty())
}

fn default(arg: &Arg) -> Vec<String> {
    match arg.kind {
        ArgKind::Flag => vec!["false".to_owned()],
        ArgKind::Counter => vec!["0".to_owned()],
        ArgKind::Option | ArgKind::Positional => arg.default_values.clone(),
    }
}

/// The given values as the host would hand them over, or why it would not.
fn read(arg: &Arg, values: Vec<String>) -> Result<Vec<String>, PluginError> {
    let wrong = |value: &str, expected: &str| {
        PluginError::usage(format_args!("invalid value `{value}` for `{}`: expected {expected}", title(arg)))
    };
    match arg.kind {
        ArgKind::Flag => values.iter().try_fold(vec!["false".to_owned()], |_, value| match value.as_str() {
            "true" | "false" => Ok(vec![value.clone()]),
            other => Err(wrong(other, "`true` or `false`")),
        }),
        ArgKind::Counter => {
            let counts = values.iter().map(|value| match value.as_str() {
                "true" => Ok(1),
                "false" => Ok(0),
                other => other.parse::<u8>().map_err(|_| wrong(other, "a number from 0 to 255")),
            });
            let sum = counts.sum::<Result<u8, _>>()?;
            Ok(vec![sum.to_string()])
        }
        ArgKind::Option | ArgKind::Positional => {
            if values.len() > 1 && !arg.multiple {
                let message = format!("the argument `{}` cannot be used multiple times", title(arg));
                return Err(PluginError::usage(message));
            }
            let possible = &arg.possible_values;
            match values.iter().find(|value| !possible.is_empty() && !possible.contains(value)) {
                Some(value) => Err(wrong(value, &format!("one of {}", possible.join(", ")))),
                None => Ok(values),
            }
        }
    }
}

fn conflicts(args: &[Settled<'_>]) -> Result<(), PluginError> {
    let given: BTreeSet<&str> =
        args.iter().filter(|settled| settled.given).map(|settled| settled.arg.id.as_str()).collect();
    for arg in args.iter().filter(|settled| settled.given).map(|settled| settled.arg) {
        if let Some(other) = arg.conflicts_with.iter().find(|other| given.contains(other.as_str())) {
            let message = format!("the argument `{}` cannot be used with `{other}`", title(arg));
            return Err(PluginError::usage(message));
        }
    }
    Ok(())
}

/// The argument as it is written: the long name, else the short one, else the id.
fn title(arg: &Arg) -> String {
    match (&arg.long, arg.short) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => arg.id.clone(),
    }
}

/// The words of one command: options, then positionals. `below`: the name of the command that follows;
/// `may_follow`: whether one could.
fn finish<'a>(
    args: impl Iterator<Item = &'a Settled<'a>>,
    below: Option<&str>,
    may_follow: bool,
) -> Vec<String> {
    let (mut words, mut positionals, mut before_rest) = (Vec::new(), Vec::new(), None);
    for Settled { arg, values, .. } in args {
        if arg.kind == ArgKind::Positional {
            before_rest = before_rest.or(arg.multiple.then_some(positionals.len()));
            positionals.extend(values.iter().cloned());
        } else {
            options(arg, values, &mut words);
        }
    }
    if let Some(name) = below {
        words.extend(positionals);
        words.push(name.to_owned());
        return words;
    }
    let is_like_option = |value: &String| value.len() > 1 && value.starts_with('-');
    let escape =
        if may_follow { Some(0) } else { positionals.iter().position(is_like_option).or(before_rest) };
    for (index, value) in positionals.into_iter().enumerate() {
        if Some(index) == escape {
            words.push("--".to_owned());
        }
        words.push(value);
    }
    words
}

fn options(arg: &Arg, values: &[String], words: &mut Vec<String>) {
    let last = || values.last().map(String::as_str).unwrap_or_default();
    match arg.kind {
        ArgKind::Flag => words.extend((last() == "true").then(|| title(arg))),
        ArgKind::Counter => words.extend((0..last().parse().unwrap_or(0)).map(|_: u8| title(arg))),
        ArgKind::Option | ArgKind::Positional => {
            // `-xVALUE` is what every parser reads; `-x=VALUE` only some do.
            let apart = |value: &str| arg.long.is_some() || value.is_empty() || value.starts_with('=');
            let word =
                |value: &String| format!("{}{}{value}", title(arg), if apart(value) { "=" } else { "" });
            words.extend(values.iter().map(word));
        }
    }
}
