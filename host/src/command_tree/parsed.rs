//! A parsed command line.

use clap::{ArgMatches, parser::ValueSource};

use super::values;

/// The names of a command and its parents, without the program's.
pub(super) type CommandPath = Vec<String>;

/// The command to run, and its arguments.
#[derive(Clone, Debug)]
pub struct Parsed {
    path: CommandPath,
    /// clap's matches of what the user typed.
    typed: ArgMatches,
    /// The matches after plugins changed values; `None` when none did.
    resolved: Option<ArgMatches>,
}

impl Parsed {
    pub(super) fn new(typed: ArgMatches) -> Self {
        let mut path = CommandPath::new();
        let mut matches = &typed;
        while let Some((name, below)) = matches.subcommand() {
            path.push(name.to_owned());
            matches = below;
        }
        Self { path, typed, resolved: None }
    }

    pub(super) fn resolved(self, matches: ArgMatches) -> Self {
        Self { resolved: Some(matches), ..self }
    }

    /// The names of the command and its parents, aliases resolved; empty for the program itself.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// clap's matches of the program, with the values that plugins changed.
    ///
    /// Their [`value_source`](ArgMatches::value_source) does not say what the user gave; use
    /// [`Parsed::is_given`].
    #[must_use]
    pub fn matches(&self) -> &ArgMatches {
        self.resolved.as_ref().unwrap_or(&self.typed)
    }

    /// clap's matches of the command to run.
    #[must_use]
    pub fn leaf(&self) -> &ArgMatches {
        self.at(self.path.len())
    }

    /// Whether an argument that can be given to the command was given, there or further up, on the
    /// command line or by a variable.
    #[must_use]
    pub fn is_given(&self, id: &str) -> bool {
        (0..=self.path.len()).any(|depth| self.is_given_at(depth, id))
    }

    pub(super) fn is_given_at(&self, depth: usize, id: &str) -> bool {
        let given = [Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)];
        given.contains(&values::source(below(&self.typed, depth), id))
    }

    /// Whether an argument stands on the command line itself.
    pub(super) fn is_typed_at(&self, depth: usize, id: &str) -> bool {
        values::source(below(&self.typed, depth), id) == Some(ValueSource::CommandLine)
    }

    /// clap's matches of the command at a depth, the program itself being at 0.
    pub(super) fn at(&self, depth: usize) -> &ArgMatches {
        below(self.matches(), depth)
    }
}

fn below(matches: &ArgMatches, depth: usize) -> &ArgMatches {
    (0..depth).fold(matches, |matches, _| matches.subcommand().map_or(matches, |(_, below)| below))
}
