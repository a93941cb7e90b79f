//! The command line of a running plugin command.

use std::ffi::OsStr;

use plugin_abi::vtable::CommandBox;

use plugin_host::Identity;

use super::{
    Parsed, Tree,
    values::{self, Line},
};

impl Tree {
    /// The plugin that owns the command at a path; `None` if it is built in or does not exist.
    #[must_use]
    pub fn owner(&self, path: &[String]) -> Option<&Identity> {
        self.commands.get(path).map(|command| command.owner.as_ref())
    }

    /// A plugin's command with a function, and the plugin.
    pub(crate) fn runner(&self, path: &[String]) -> Option<(&Identity, &CommandBox)> {
        let command = self.commands.get(path)?;
        Some((&command.owner, command.run.as_deref()?))
    }

    /// The values of an argument of the command, or else of its nearest parent.
    pub(crate) fn values(&self, parsed: &Parsed, id: &str) -> Option<Vec<String>> {
        let (depth, arg) = self.nearest(parsed, id)?;
        let values = values::read(parsed.at(depth), arg);
        let values: Vec<String> = values.iter().map(|value| value.to_string_lossy().into_owned()).collect();
        (!values.is_empty()).then_some(values)
    }

    /// Whether the argument that [`Tree::values`] finds was given.
    pub(crate) fn is_given(&self, parsed: &Parsed, id: &str) -> bool {
        self.nearest(parsed, id).is_some_and(|(depth, arg)| parsed.is_given_at(depth, arg.get_id().as_str()))
    }

    fn nearest(&self, parsed: &Parsed, id: &str) -> Option<(usize, &clap::Arg)> {
        (0..=parsed.path().len()).rev().find_map(|depth| {
            let command = self.find(parsed.path().get(..depth)?)?;
            Some((depth, values::find(command, id)?))
        })
    }

    /// The arguments of the command at `path[from]` and below, for the plugin's own parser.
    ///
    /// Contains only arguments that the plugin's commands declare, where they were given or where a plugin
    /// changed their default.
    pub(crate) fn arguments(&self, parsed: &Parsed, from: usize) -> Vec<String> {
        let path = parsed.path();
        let Some(owner) = self.owner(path) else { return Vec::new() };
        let mut words = Vec::new();
        for depth in from.saturating_add(1)..=path.len() {
            let Some(command) = path.get(..depth).and_then(|path| self.find(path)) else { continue };
            let mut line = Line::default();
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                let key = (path.get(..depth).unwrap_or_default().to_vec(), id.to_owned());
                let Some(extra) = self.arguments.get(&key) else { continue };
                let Some(declared) =
                    extra.declared.as_ref().filter(|_| extra.owner.as_deref() == Some(owner))
                else {
                    continue;
                };
                let values = values::read(parsed.at(depth), arg);
                if parsed.is_given_at(depth, id) || !values.iter().eq(declared.iter().map(OsStr::new)) {
                    line.with_values(arg, &values);
                }
            }
            words.extend(line.finish(path.get(depth).map(String::as_str), command.has_subcommands()));
        }
        words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }
}
