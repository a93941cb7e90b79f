//! What is wrong with a short form, and where.

use std::fmt;

/// A value of a short form that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    /// The way to the value, such as `secrets[0].group`; empty for the task itself.
    pub path: String,
    /// Completes the sentence: "must be a string, not a list".
    pub problem: String,
    /// What the sentence is about, if that is not the path.
    pub(in crate::register) subject: Option<String>,
    hint: Option<String>,
}

impl TaskError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        TaskError { path: path.into(), problem: problem.into(), subject: None, hint: None }
    }

    pub(super) fn unknown_field(path: &str) -> Self {
        TaskError { subject: Some("unknown field".to_owned()), ..Self::new(path, format!("`{path}`")) }
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
        if let Some(subject) = &self.subject {
            return write!(f, "{subject} {}", self.problem);
        }
        match self.path.as_str() {
            "" => write!(f, "the task {}", self.problem),
            path => write!(f, "`{path}` {}", self.problem),
        }
    }
}

impl std::error::Error for TaskError {}
