//! What is wrong with a short form, and where.

use std::fmt;

/// A value of a short form that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    /// The way to the value, such as `secrets[0].group`; empty for the task itself.
    pub path: String,
    /// Completes the sentence: "is a list; a text is expected".
    pub problem: String,
    hint: Option<String>,
}

impl TaskError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        TaskError { path: path.into(), problem: problem.into(), hint: None }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the reader can do now.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the task {}", self.problem),
            path => write!(f, "`{path}` {}", self.problem),
        }
    }
}

impl std::error::Error for TaskError {}
