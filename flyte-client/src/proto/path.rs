//! A field that does not fit: the path to it, the message it is in, and why.

use std::{error, fmt};

use prost_reflect::MessageDescriptor;

/// One step from a message to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// An element of a list, counted from 0.
    Index(usize),
    /// A field.
    Field(String),
    /// An entry of a map.
    Key(String),
}

/// The path from a document to one of its values, such as `template.container.env[0].key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<PathStep>);

impl FieldPath {
    /// Takes apart what [`Display`](fmt::Display) writes, as far as fields and indices go.
    pub(crate) fn parse(text: &str) -> Self {
        let pieces = text.split(['.', '[']).filter(|piece| !piece.is_empty());
        let step = |piece: &str| match piece.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => PathStep::Index(index),
            None => PathStep::Field(piece.to_owned()),
        };
        Self(pieces.map(step).collect())
    }

    /// Runs `f` one step further down, and comes back.
    pub(crate) fn within<T>(&mut self, step: PathStep, f: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step);
        let result = f(self);
        self.0.pop();
        result
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Field(name) if position == 0 => f.write_str(name)?,
                PathStep::Field(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Key(key) => write!(f, "[\"{}\"]", key.escape_default())?,
            }
        }
        Ok(())
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldProblem {
    /// The field is there in both of its spellings, such as `taskNode` and `task_node`.
    Twice(String),
    /// The message has no field of this name.
    UnknownName {
        /// The name as given.
        name: String,
        /// The names that the message has.
        known: Vec<String>,
    },
    /// The message has no field of this number.
    UnknownNumber(u32),
    /// The value does not fit the field.
    Value(String),
}

/// A field that Flyte does not know, or a value that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The message that the field is in, such as `flyteidl.core.Container`.
    pub message: String,
    /// The path to that message or value.
    pub path: FieldPath,
    /// The line of the file, counted from 1, where it could be found out.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: FieldProblem,
}

impl FieldError {
    pub(crate) fn new(message: &MessageDescriptor, path: &FieldPath, problem: FieldProblem) -> Self {
        Self { message: message.full_name().to_owned(), path: path.clone(), line: None, problem }
    }

    /// Returns something that the reader can do now.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            FieldProblem::Twice(_) => Some("keep one of the two spellings".into()),
            FieldProblem::UnknownName { known, .. } if known.is_empty() => None,
            FieldProblem::UnknownName { name, known } => {
                Some(match flyte_text::closest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use one of `{}`", known.join("`, `")),
                })
            }
            FieldProblem::UnknownNumber(_) => Some(
                "upgrade flyte-host: a newer Flyte wrote the file, and it would be registered incomplete"
                    .into(),
            ),
            FieldProblem::Value(text) if text.contains("expected a string") => {
                Some("put the value in quotes".into())
            }
            FieldProblem::Value(text) if text.contains("parse duration") => {
                Some("write a duration in seconds, such as `300s` or `0.5s`".into())
            }
            FieldProblem::Value(text) if text.contains("RFC-3339") => {
                Some("write a time as in RFC 3339, such as `2026-01-31T08:30:00Z`".into())
            }
            FieldProblem::Value(_) => None,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, path, problem, .. } = self;
        match problem {
            FieldProblem::Twice(name) => write!(f, "duplicate field `{name}` in both spellings")?,
            FieldProblem::UnknownName { name, .. } => write!(f, "unknown field `{name}` of `{message}`")?,
            FieldProblem::UnknownNumber(number) => write!(f, "unknown field number {number} of `{message}`")?,
            FieldProblem::Value(text) => f.write_str(text)?,
        }
        if path.0.is_empty() { Ok(()) } else { write!(f, " at `{path}`") }
    }
}

impl error::Error for FieldError {}
