//! Values of arguments as text: read from clap, checked by clap, and written as a command line.

use std::{
    error::Error,
    ffi::{OsStr, OsString},
};

use clap::{ArgAction, ArgMatches, parser::ValueSource};

/// The name of an argument in messages: `--long`, `-s` or the id.
pub(super) fn title(arg: &clap::Arg) -> String {
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => arg.get_id().to_string(),
    }
}

/// An argument of a command by its id, or else by its long name.
pub(super) fn find<'c>(command: &'c clap::Command, id: &str) -> Option<&'c clap::Arg> {
    let by_id = command.get_arguments().find(|arg| arg.get_id() == id);
    by_id.or_else(|| command.get_arguments().find(|arg| arg.get_long() == Some(id)))
}

/// Whether an argument may have more than one value.
pub(super) fn is_multiple(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
        || arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// The source of an argument's value, if it has one.
pub(super) fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    matches.try_contains_id(id).ok().filter(|has_value| *has_value).and_then(|_| matches.value_source(id))
}

/// The values of an argument; a flag has `true` or `false`, a counted flag its number.
pub(super) fn read(matches: &ArgMatches, arg: &clap::Arg) -> Vec<OsString> {
    occurrences(matches, arg).concat()
}

/// The values of each occurrence of an argument.
fn occurrences(matches: &ArgMatches, arg: &clap::Arg) -> Vec<Vec<OsString>> {
    let id = arg.get_id().as_str();
    if matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
        // A variable may be set to `yes`.
        if let Ok(Some(flag)) = matches.try_get_one::<bool>(id) {
            return vec![vec![flag.to_string().into()]];
        }
    }
    let groups = matches.try_get_raw_occurrences(id).ok().flatten();
    groups.into_iter().flatten().map(|group| group.map(OsStr::to_owned).collect()).collect()
}

/// Checks whether clap accepts the values, and returns why not.
pub(super) fn check(arg: &clap::Arg, values: &[String]) -> Result<(), String> {
    let single = || match values {
        [value] => Ok(value),
        _ => Err(format!("expected one value, got {}", values.len())),
    };
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => match single()?.as_str() {
            "true" | "false" => Ok(()),
            other => Err(format!("expected `true` or `false`, got `{}`", other.escape_debug())),
        },
        ArgAction::Count => match single()?.parse::<u8>() {
            Ok(_) => Ok(()),
            Err(_) => Err("expected a number from 0 to 255".to_owned()),
        },
        _ if values.len() > 1 && !is_multiple(arg) => single().map(|_| ()),
        _ => values.iter().try_for_each(|value| probe(arg, value)),
    }
}

/// Lets clap parse one value with the argument's own parser.
fn probe(arg: &clap::Arg, value: &str) -> Result<(), String> {
    let argument = clap::Arg::new("probe")
        .long("probe")
        .action(ArgAction::Set)
        .ignore_case(arg.is_ignore_case_set())
        .value_parser(arg.get_value_parser().clone());
    let mut parser = clap::Command::new("probe").no_binary_name(true).arg(argument);
    let Err(error) = parser.try_get_matches_from_mut([format!("--probe={value}")]) else { return Ok(()) };
    let possible = arg.get_possible_values();
    let why = match (possible.as_slice(), error.source()) {
        ([], Some(reason)) => format!(": {reason}"),
        ([], None) => String::new(),
        (possible, _) => {
            let shown = possible.iter().filter(|value| !value.is_hide_set());
            let shown: Vec<String> = shown.map(|value| format!("`{}`", value.get_name())).collect();
            format!("; expected one of {}", shown.join(", "))
        }
    };
    Err(format!("invalid value `{}`{why}", value.escape_debug()))
}

/// Writes the arguments of one command in an order that a parser accepts: options, then positionals.
#[derive(Default)]
pub(super) struct Line {
    options: Vec<OsString>,
    positionals: Vec<OsString>,
    /// How many positionals stand before the one that takes all that are left.
    before_rest: Option<usize>,
}

impl Line {
    /// Writes an argument as the user gave it.
    pub(super) fn as_given(&mut self, matches: &ArgMatches, arg: &clap::Arg) {
        self.write(arg, occurrences(matches, arg));
    }

    /// Writes an argument with other values.
    pub(super) fn with_values(&mut self, arg: &clap::Arg, values: &[OsString]) {
        self.write(arg, values.iter().map(|value| vec![value.clone()]).collect());
    }

    fn write(&mut self, arg: &clap::Arg, occurrences: Vec<Vec<OsString>>) {
        if arg.is_positional() {
            if is_multiple(arg) {
                self.before_rest = Some(self.positionals.len());
            }
            self.positionals.extend(occurrences.into_iter().flatten());
            return;
        }
        let flag = || OsString::from(title(arg));
        let value = occurrences
            .last()
            .and_then(|group| group.last())
            .map(|value| value.to_string_lossy().into_owned());
        match (arg.get_action(), value.as_deref()) {
            (ArgAction::SetTrue, value) => self.options.extend((value == Some("true")).then(flag)),
            (ArgAction::SetFalse, value) => self.options.extend((value == Some("false")).then(flag)),
            (ArgAction::Count, value) => {
                let count = value.and_then(|count| count.parse::<u8>().ok()).unwrap_or_default();
                self.options.extend((0..count).map(|_| flag()));
            }
            _ => occurrences.into_iter().for_each(|group| self.option(arg, group)),
        }
    }

    fn option(&mut self, arg: &clap::Arg, group: Vec<OsString>) {
        let mut group = match arg.get_value_delimiter() {
            Some(delimiter) => vec![group.join(OsStr::new(delimiter.encode_utf8(&mut [0; 4])))],
            None => group,
        };
        let mut word = OsString::from(title(arg));
        match group.as_slice() {
            [value] => {
                // `-xVALUE` is what every parser reads; `-x=VALUE` only some do.
                let apart = value.is_empty() || value.as_encoded_bytes().starts_with(b"=");
                if arg.get_long().is_some() || apart {
                    word.push("=");
                }
                word.push(value);
                self.options.push(word);
            }
            _ => {
                self.options.push(word);
                self.options.append(&mut group);
            }
        }
    }

    /// The words. `below`: the name of the command that follows; `may_follow`: whether one could.
    pub(super) fn finish(mut self, below: Option<&str>, may_follow: bool) -> Vec<OsString> {
        let mut words = self.options;
        if let Some(name) = below {
            words.append(&mut self.positionals);
            words.push(name.into());
            return words;
        }
        let is_like_option = |value: &OsString| value.len() > 1 && value.as_encoded_bytes().starts_with(b"-");
        let escape = if may_follow {
            Some(0)
        } else {
            self.positionals.iter().position(is_like_option).or(self.before_rest)
        };
        for (index, value) in self.positionals.into_iter().enumerate() {
            if Some(index) == escape {
                words.push("--".into());
            }
            words.push(value);
        }
        words
    }
}
