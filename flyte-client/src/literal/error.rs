//! Why a value is not what a type asks for, and where.

use std::fmt;

use crate::proto::path::{FieldPath, PathStep};

/// Why a float does not fit.
pub(super) const BEYOND_DOUBLE: &str = "is beyond the range of a double, ±1.8e308";
/// Why an integer does not fit.
pub(super) const BEYOND_INTEGER: &str = "is beyond 64 bits: -9223372036854775808 to 9223372036854775807 fit";

/// A value that cannot be used, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The way to the value, such as `inputs.x[3].y`; empty for the value itself.
    pub path: FieldPath,
    /// What is wrong.
    pub problem: Box<ValueProblem>,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueProblem {
    /// A file that should hold the value cannot be read.
    File {
        /// The file as it was given.
        file: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// An input without a value.
    Missing {
        /// The type of the input.
        expected: String,
    },
    /// A value of another type.
    Type {
        /// The type that is expected, as [`type_name`](super::type_name) writes it.
        expected: String,
        /// What is given, such as "text `abc`".
        given: String,
    },
    /// A name that nothing is known by.
    Unknown {
        /// What the name is of: an input, a field, a value of an enum.
        what: &'static str,
        /// The name that is meant, if one is near.
        near: Option<String>,
        /// All names that are known.
        known: Vec<String>,
    },
    /// A value of the right kind that cannot be used.
    Value {
        /// The type that is expected.
        expected: String,
        /// What is given.
        given: String,
        /// Completes the sentence: "it is …".
        reason: String,
    },
}

impl ValueError {
    pub(super) fn new(problem: ValueProblem) -> Self {
        Self { path: FieldPath::default(), problem: Box::new(problem) }
    }

    pub(super) fn mismatch(expected: impl Into<String>, given: impl Into<String>) -> Self {
        Self::new(ValueProblem::Type { expected: expected.into(), given: given.into() })
    }

    pub(super) fn value(
        expected: impl Into<String>,
        given: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::new(ValueProblem::Value {
            expected: expected.into(),
            given: given.into(),
            reason: reason.into(),
        })
    }

    /// A name that is not among `known`.
    pub(super) fn unknown(what: &'static str, name: &str, known: &[&str]) -> Self {
        Self::new(ValueProblem::Unknown {
            what,
            near: flyte_text::closest(name, known.iter().copied()).map(str::to_owned),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        })
    }

    /// Says that the value is one step further down.
    #[must_use]
    pub fn within(mut self, step: PathStep) -> Self {
        self.path.0.insert(0, step);
        self
    }

    /// Says that the value has this name in what surrounds it.
    #[must_use]
    pub fn within_name(self, name: &str) -> Self {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        self.within(if plain { PathStep::Field(name.to_owned()) } else { PathStep::Key(name.to_owned()) })
    }

    /// Returns something that the reader can do now.
    pub fn hint(&self) -> Option<String> {
        match self.problem.as_ref() {
            ValueProblem::Unknown { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            ValueProblem::Unknown { known, .. } if known.is_empty() => None,
            ValueProblem::Unknown { known, .. } => Some(format!("known names are `{}`", known.join("`, `"))),
            ValueProblem::Type { expected, given } => hint_for_type(expected, given),
            ValueProblem::File { .. } | ValueProblem::Missing { .. } | ValueProblem::Value { .. } => None,
        }
    }
}

fn hint_for_type(expected: &str, given: &str) -> Option<String> {
    let scalar = given.starts_with("number") || given.starts_with("boolean");
    if expected == "str" && scalar {
        return Some("put it in quotes".into());
    }
    let example = match expected {
        "datetime" => "`2026-01-31T08:30:00Z`, `2026-01-31`, `now` or `now - 2h`",
        "duration" => "`1h30m`, `90s`, `5:34:56` or `PT5M`",
        "int" if is_written_otherwise(given) => "decimal digits, such as `1000`",
        "bool" => "`true` or `false`",
        _ if expected.starts_with("list") => "`[1, 2]`, or `@` and a JSON or YAML file",
        _ if expected.starts_with("dict") => "`{key: value}`, or `@` and a JSON or YAML file",
        _ => return None,
    };
    Some(format!("write it as {example}"))
}

/// Whether a text is perhaps meant for a number: `0x10`, `1_000`, `1e3`.
fn is_written_otherwise(given: &str) -> bool {
    let text = given.strip_prefix("text `").unwrap_or_default();
    text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit())
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.problem.as_ref(), self.path.0.as_slice()) {
            (
                ValueProblem::Missing { expected },
                [PathStep::Field(top), PathStep::Field(name) | PathStep::Key(name)],
            ) if top == "inputs" => {
                return write!(f, "missing input `{name}` ({expected})");
            }
            (
                ValueProblem::Unknown { what: what @ "input", .. },
                [.., PathStep::Field(name) | PathStep::Key(name)],
            ) => {
                return write!(f, "unknown {what} `{name}`");
            }
            (_, []) => {}
            (_, _) => write!(f, "`{}`: ", self.path)?,
        }
        match self.problem.as_ref() {
            ValueProblem::File { file, reason } => write!(f, "could not read `{file}`: {reason}"),
            ValueProblem::Missing { expected } => write!(f, "missing value ({expected})"),
            ValueProblem::Type { expected, given } => write!(f, "expected `{expected}`, got {given}"),
            ValueProblem::Unknown { what, .. } => write!(f, "unknown {what}"),
            ValueProblem::Value { expected, given, reason } => {
                write!(f, "invalid `{expected}`: {given} {reason}")
            }
        }
    }
}

impl std::error::Error for ValueError {}
