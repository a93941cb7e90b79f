//! Computes the lazy defaults of plugins, and runs their callbacks.
//!
//! clap's matches cannot be changed. So when a plugin changes a value, the command line is written out with
//! it and parsed again: commands then read the value like one that the user gave.

use std::{collections::BTreeMap, ffi::OsString, mem};

use abi_stable::std_types::{RString, RVec};
use clap::ArgMatches;
use plugin_abi::{PluginError, vtable::AbiResult};

use crate::{
    command_tree::invocation::plugin_error,
    ui::{error::CommandError, exit_code::Exit},
};
use plugin_host::{
    HookErrors, Identity,
    calls::{CallLimit, CallRecord, WatchedCall},
    edits::{of_command, quoted, strings},
};

use super::{
    Extra, Parsed, Tree,
    values::{self, Line},
};

/// Values that plugins changed, by depth and id.
type Changed = BTreeMap<(usize, String), Vec<OsString>>;

impl Tree {
    /// Computes the lazy defaults of options that were not given, and runs the callbacks, from the root to
    /// the command, in the order in which the options are defined.
    ///
    /// Only for options of the command that runs. Not called for troubleshooting commands (`plugin …`,
    /// `completion`), which must work with a broken plugin.
    ///
    /// # Errors
    ///
    /// The error of a plugin, or a value that the option does not accept.
    pub(crate) fn resolve(&self, parsed: Parsed) -> Result<Parsed, CommandError> {
        let mut changed = Changed::new();
        for depth in 0..=parsed.path().len() {
            let path = parsed.path().get(..depth).unwrap_or_default();
            let Some(command) = self.find(path) else { continue };
            for arg in command.get_arguments() {
                let key = (path.to_vec(), arg.get_id().to_string());
                let Some(extra) = self.arguments.get(&key) else { continue };
                if let Some(values) = resolve_values(&parsed, depth, path, arg, extra, &self.errors)? {
                    changed.insert((depth, key.1), values);
                }
            }
        }
        if changed.is_empty() {
            return Ok(parsed);
        }
        let matches = self.read_again(&parsed, &changed).map_err(|error| {
            CommandError::new(
                Exit::Internal,
                "internal error: the command line cannot be read with the values of the plugins",
            )
            .caused_by(error.render().to_string().trim_end())
        })?;
        Ok(parsed.resolved(matches))
    }

    fn read_again(&self, parsed: &Parsed, changed: &Changed) -> Result<ArgMatches, clap::Error> {
        let mut command = self.command.as_ref().clone();
        let mut words = vec![OsString::from(command.get_name())];
        for depth in 0..=parsed.path().len() {
            let path = parsed.path().get(..depth).unwrap_or_default();
            let Some(there) = self.find(path) else { continue };
            let mut line = Line::default();
            for arg in there.get_arguments() {
                let id = arg.get_id().as_str();
                match changed.get(&(depth, id.to_owned())) {
                    Some(values) if parsed.is_given_at(depth, id) => line.with_values(arg, values),
                    None if parsed.is_typed_at(depth, id) => line.as_given(parsed.at(depth), arg),
                    // Neither given nor changed, or a default; see below.
                    _ => {}
                }
            }
            words.extend(line.finish(parsed.path().get(depth).map(String::as_str), there.has_subcommands()));
        }
        for ((depth, id), values) in changed {
            let path = parsed.path().get(..*depth).unwrap_or_default();
            set_default(&mut command, path, id, values);
        }
        command.try_get_matches_from_mut(words)
    }
}

/// Sets the default of an option, which then is not required.
fn set_default(command: &mut clap::Command, path: &[String], id: &str, values: &[OsString]) {
    let mut there = command;
    for name in path {
        let Some(below) = there.get_subcommands_mut().find(|below| below.get_name() == name) else { return };
        there = below;
    }
    *there = mem::take(there).mut_args(|arg| {
        if arg.get_id() != id {
            return arg;
        }
        // An empty list removes the default.
        arg.required(false).default_values(values.iter().cloned())
    });
}

/// The values of an option after lazy defaults and callbacks; `None` if clap's values are unchanged.
fn resolve_values(
    parsed: &Parsed,
    depth: usize,
    path: &[String],
    arg: &clap::Arg,
    extra: &Extra,
    errors: &HookErrors,
) -> Result<Option<Vec<OsString>>, CommandError> {
    if extra.lazy.is_empty() && extra.callbacks.is_empty() {
        return Ok(None);
    }
    let id = arg.get_id().as_str();
    let title = values::title(arg);
    let found = values::read(parsed.at(depth), arg);
    let texts: Option<Vec<String>> = found.iter().map(|value| value.to_str().map(str::to_owned)).collect();
    let Some(found) = texts else {
        return Err(CommandError::new(Exit::Usage, format_args!("the value of `{title}` is not UTF-8"))
            .caused_by("a callback or default of a plugin reads it"));
    };
    let given = parsed.is_given_at(depth, id);
    let place_of = |what: &str| format!("the {what} of {}{}", quoted(&title), of_command(path));
    let mut current = found.clone();
    let mut last = None;
    if !given {
        for (owner, lazy) in &extra.lazy {
            let _call = call(owner, &place_of("default"));
            current = from_abi(lazy.values(into_abi(&current)))
                .map(strings)
                .map_err(|error| plugin_error(owner, &place_of("default"), &error, errors))?;
            last = Some(owner);
        }
    }
    for (owner, callback) in &extra.callbacks {
        let _call = call(owner, &place_of("callback"));
        let replaced = from_abi(callback.call(into_abi(&current), given))
            .map_err(|error| plugin_error(owner, &place_of("callback"), &error, errors))?;
        if let Some(values) = replaced.into_option() {
            current = strings(values);
            last = Some(owner);
        }
    }
    match last {
        Some(owner) if current != found => {
            check_values(owner, arg, given, path, &current)?;
            Ok(Some(current.into_iter().map(OsString::from).collect()))
        }
        _ => Ok(None),
    }
}

/// Checks that an option accepts the values of a plugin.
fn check_values(
    owner: &Identity,
    arg: &clap::Arg,
    given: bool,
    path: &[String],
    values: &[String],
) -> Result<(), CommandError> {
    let wrong = match values::check(arg, values) {
        Err(reason) => Some(reason),
        Ok(()) if given && values.is_empty() && arg.is_positional() => {
            Some("a positional argument cannot be left out".to_owned())
        }
        Ok(()) => None,
    };
    match wrong {
        None => Ok(()),
        Some(reason) => {
            let (title, of) = (quoted(&values::title(arg)), of_command(path));
            Err(CommandError::new(
                Exit::PluginFailed,
                format_args!("{owner} set an invalid value for {title}{of}"),
            )
            .caused_by(reason))
        }
    }
}

/// Notes that this thread runs a function of a plugin.
fn call(owner: &Identity, function: &str) -> WatchedCall {
    CallRecord::new(owner, &format!("in {function}"), CallLimit::Hook).enter_watched()
}

fn into_abi(values: &[String]) -> RVec<RString> {
    values.iter().map(|value| RString::from(value.as_str())).collect()
}

fn from_abi<T>(outcome: AbiResult<T>) -> Result<T, PluginError> {
    outcome.into_result().map_err(|fault| PluginError::from_raw(&fault))
}
