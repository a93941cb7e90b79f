//! How a failure is told: what could not be done, why, and what to do.

use std::{error::Error, fmt};

use anstyle::{AnsiColor, Style};

use super::exit::Exit;

/// A command's failure, ready to be told.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What could not be done: lower case, no full stop.
    pub message: String,
    /// From the outermost cause to the root, one fact each.
    pub causes: Vec<String>,
    /// What the reader can do now.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without causes or hints.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), causes: Vec::new(), hints: Vec::new() }
    }

    /// A failure from an error: its text, then its sources as causes.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(exit, error);
        let mut source = error.source();
        while let Some(cause) = source {
            failure.causes.push(cause.to_string());
            source = cause.source();
        }
        failure
    }

    /// Adds a cause below those that are there.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a hint, if there is one.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hints.extend(hint.into());
        self
    }

    /// Whether one of the facts is this one.
    #[must_use]
    pub fn tells(&self, fact: &str) -> bool {
        self.message == fact || self.causes.iter().any(|cause| cause == fact)
    }

    /// The text as it goes to the standard error, with styles that the stream strips if it must.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_as("error", AnsiColor::Red)
    }

    /// The same facts for somebody who goes on all the same.
    #[must_use]
    pub fn render_warning(&self) -> String {
        self.render_as("warning", AnsiColor::Yellow)
    }

    fn render_as(&self, word: &str, color: AnsiColor) -> String {
        let bold = Style::new().bold().fg_color(Some(color.into()));
        let hint = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        let mut text = format!("{bold}{word}:{bold:#} {}\n", indent(&self.message));
        for cause in &self.causes {
            text.push_str(&format!("  caused by: {}\n", indent(cause)));
        }
        for line in &self.hints {
            text.push_str(&format!("{hint}hint:{hint:#} {}\n", indent(line)));
        }
        text
    }
}

/// Keeps a text of several lines together under its first; empty lines stay empty.
fn indent(text: &str) -> String {
    let mut lines = text.trim_end().lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| match line.trim_end() {
        "" => text + "\n",
        line => text + "\n    " + line,
    })
}
