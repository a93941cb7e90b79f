//! What is wrong with the short form of a workflow or launch plan, and where.

use std::fmt;

use crate::{literal, register::read::task::TaskError};

/// A value of a short form that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowError {
    /// The way to the value, such as `nodes.greet.inputs.name`; empty for the whole.
    pub path: String,
    /// Completes the sentence: "refers to the node `x`, which does not exist".
    pub problem: String,
    /// What the sentence is about, if that is not the path.
    subject: Option<String>,
    hint: Option<String>,
}

impl WorkflowError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), subject: None, hint: None }
    }

    /// Names what the sentence is about in other words than those of the path.
    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the name that is meant, or all that there are.
    pub(super) fn with_names<'a>(self, meant: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.into_iter().collect();
        match flyte_text::closest(meant, known.iter().copied()) {
            Some(near) => self.with_hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => self,
            None => self.with_hint(format!("known names are `{}`", known.join("`, `"))),
        }
    }

    /// A constant that does not fit.
    pub(super) fn constant(path: &str, error: &literal::ValueError) -> Self {
        let inner = &error.path.to_string();
        let between = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
        let value_error = literal::ValueError { path: Default::default(), problem: error.problem.clone() };
        let mut new =
            Self::new(format!("{path}{between}{inner}"), format!("does not match its type: {value_error}"));
        new.hint = error.hint();
        new
    }

    /// What the reader can do now.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl From<TaskError> for WorkflowError {
    fn from(error: TaskError) -> Self {
        let hint = error.hint();
        Self { path: error.path, problem: error.problem, subject: error.subject, hint }
    }
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            return write!(f, "{subject} {}", self.problem);
        }
        match self.path.as_str() {
            "" => write!(f, "the document {}", self.problem),
            path => write!(f, "`{path}` {}", self.problem),
        }
    }
}

impl std::error::Error for WorkflowError {}
