//! What a run of the program printed, and how it ended.

use std::{borrow::Borrow, fmt, process::ExitStatus};

use serde_json::Value;
use snapbox::{Data, IntoData};

/// Standard output, standard error and exit code of a run, redacted.
///
/// `Display`, and so a snapshot, has the standard error below a line and the status at the end.
#[must_use = "a run whose output is ignored may have failed; see `Output::success`"]
#[derive(Clone)]
pub struct Output {
    command: String,
    stdout: String,
    stderr: String,
    status: ExitStatus,
}

impl Output {
    pub(crate) fn new(command: String, stdout: String, stderr: String, status: ExitStatus) -> Self {
        Self { command, stdout, stderr, status }
    }

    /// Names the command in a [`Transcript`].
    pub fn with_command(self, command: impl Into<String>) -> Self {
        Self { command: command.into(), ..self }
    }

    /// Requires exit code 0.
    ///
    /// # Panics
    ///
    /// On any other status, with the whole output.
    #[track_caller]
    pub fn success(&self) -> &Self {
        self.failure(0)
    }

    /// Requires an exit code.
    ///
    /// # Panics
    ///
    /// On any other status, with the whole output.
    #[track_caller]
    pub fn failure(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "unexpected status:\n{self}");
        self
    }

    /// Whether the exit code is 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.success()
    }

    /// `[exit: CODE]`, or the signal that ended it in brackets.
    #[must_use]
    pub fn status(&self) -> String {
        match self.status.code() {
            Some(code) => format!("[exit: {code}]"),
            None => format!("[{}]", self.status),
        }
    }

    /// Standard output.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// Standard error; empty for a run on a terminal, which shows both as standard output.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Standard output of a successful run as JSON.
    ///
    /// # Panics
    ///
    /// If the run failed or printed something else.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.success().stdout);
        parsed.unwrap_or_else(|error| panic!("not JSON: {error}\n{self}"))
    }

    /// The lines of standard output, then those of standard error.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.stdout.lines().chain(self.stderr.lines())
    }

    /// Whether either stream has a text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.stdout.contains(text) || self.stderr.contains(text)
    }

    /// Whether either stream has a line, white space around it aside.
    #[must_use]
    pub fn contains_line(&self, line: &str) -> bool {
        self.lines().any(|found| found.trim() == line)
    }

    /// Leaves out the lines of standard output that begin with none of these, white space aside.
    pub fn keep_stdout(self, starts: &[&str]) -> Self {
        let is_kept = |line: &&str| starts.iter().any(|start| line.trim_start().starts_with(start));
        let stdout = self.stdout.split_inclusive('\n').filter(is_kept).collect();
        Self { stdout, ..self }
    }

    /// Changes both streams: for what differs from run to run.
    pub fn map(self, mut change: impl FnMut(&str) -> String) -> Self {
        Self { stdout: change(&self.stdout), stderr: change(&self.stderr), ..self }
    }
}

/// Several outputs, one below the other.
#[must_use]
pub fn join(outputs: impl IntoIterator<Item = Output>) -> String {
    outputs.into_iter().map(|output| output.to_string()).collect::<Vec<_>>().join("\n")
}

/// Several runs of one test, so that one snapshot shows all of them.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a run: its command line and its output.
    pub fn add(&mut self, output: impl Borrow<Output>) {
        let output = output.borrow();
        self.0.push_str(&format!("$ {}\n{output}\n", output.command));
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IntoData for Transcript {
    fn into_data(self) -> Data {
        self.0.into_data()
    }
}

/// Equal if both streams and the status are; the commands may differ.
impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        (&self.stdout, &self.stderr, self.status) == (&other.stdout, &other.stderr, other.status)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.stdout)?;
        if !self.stdout.is_empty() && !self.stdout.ends_with('\n') {
            formatter.write_str("[no newline]\n")?;
        }
        if !self.stderr.is_empty() {
            write!(formatter, "------- stderr -------\n{}", self.stderr)?;
        }
        formatter.write_str(&self.status())
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl IntoData for Output {
    fn into_data(self) -> Data {
        self.to_string().into_data()
    }
}

impl IntoData for &Output {
    fn into_data(self) -> Data {
        self.to_string().into_data()
    }
}
