//! Filters as people write them, `phase=FAILED,created_at>2024-01-01`, and as the server reads them,
//! `eq(phase,FAILED)+gt(created_at,2024-01-01T00:00:00Z)`.
//!
//! The grammar is that of flytectl's `--filter.fieldSelector`, with `~` for `contains` and `not in`.

use std::fmt;

use jiff::{Timestamp, civil::Date};

use super::column::{Kind, UnknownColumn};

/// What the items of a list must be like; `to_string` gives the server's syntax.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    function: &'static str,
    column: String,
    value: String,
}

/// Operators and the server's functions for them, longer ones first.
const SIGNS: [(&str, &str); 7] =
    [("!=", "ne"), (">=", "gte"), ("<=", "lte"), ("=", "eq"), (">", "gt"), ("<", "lt"), ("~", "contains")];
const WORDS: [(&str, &str); 3] =
    [(" contains ", "contains"), (" not in ", "value_not_in"), (" in ", "value_in")];

impl Filter {
    /// Reads terms, joined by commas: all must hold.
    ///
    /// # Errors
    ///
    /// When a term is none, or the server could not be told.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, FilterError> {
        split(text).iter().map(|term| Term::parse(kind, term.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Adds the terms of another filter: all must hold.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Term { function, column, value }) in self.0.iter().enumerate() {
            let plus = if index == 0 { "" } else { "+" };
            write!(f, "{plus}{function}({column},{value})")?;
        }
        Ok(())
    }
}

impl Term {
    fn parse(kind: Kind, term: &str) -> Result<Self, FilterError> {
        let (key, sign, function, value) =
            operator(term).ok_or_else(|| FilterError::Operator { term: term.to_owned() })?;
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || value.is_empty() {
            return Err(FilterError::Side { term: term.to_owned(), operator: sign.trim() });
        }
        let column = kind.column(key)?;
        let values = if function.starts_with("value_") { list(value) } else { vec![value] };
        let values = values.into_iter().map(|value| server_value(kind, &column, value));
        let value = values.collect::<Result<Vec<_>, _>>()?.join(";");
        Ok(Self { function, column, value })
    }
}

/// Finds the first operator of a term.
fn operator(term: &str) -> Option<(&str, &'static str, &'static str, &str)> {
    let found = WORDS.iter().chain(&SIGNS).filter_map(|&(sign, function)| {
        let at = term.find(sign)?;
        Some((at, sign, function))
    });
    // Of those at the same place the longest; `min_by_key` keeps the first of equals, and longer ones come first.
    let (at, sign, function) = found.min_by_key(|&(at, ..)| at)?;
    Some((&term[..at], sign, function, &term[at + sign.len()..]))
}

/// Splits at commas that have no backslash before them.
fn split(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => terms.push(String::new()),
            '\\' => terms.last_mut().expect("never empty").extend(letters.next()),
            letter => terms.last_mut().expect("never empty").push(letter),
        }
    }
    terms.retain(|term| !term.trim().is_empty());
    terms
}

/// The values of `(a;b)`.
fn list(value: &str) -> Vec<&str> {
    let inner = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
    inner.split(';').map(str::trim).filter(|value| !value.is_empty()).collect()
}

/// A value as the server stores it.
fn server_value(kind: Kind, column: &str, value: &str) -> Result<String, FilterError> {
    let value = if column.ends_with("_at") {
        time(value).ok_or_else(|| FilterError::Time { column: column.to_owned(), value: value.to_owned() })?
    } else if matches!(column, "phase" | "cache_status") {
        value.to_uppercase()
    } else if column == "state" {
        state(kind, value).to_owned()
    } else {
        value.to_owned()
    };
    // Its parser goes by these characters, and knows no escape.
    match value.chars().find(|letter| matches!(letter, '+' | ',' | '(' | ')')) {
        Some(letter) => Err(FilterError::Letter { value, letter }),
        None => Ok(value),
    }
}

/// States are numbers in the server's tables.
fn state(kind: Kind, value: &str) -> &str {
    match (kind, value.to_ascii_lowercase().as_str()) {
        (Kind::LaunchPlan, "inactive") | (Kind::Execution | Kind::Project, "active") => "0",
        (Kind::LaunchPlan, "active") | (Kind::Execution | Kind::Project, "archived") => "1",
        _ => value,
    }
}

/// A time in UTC; a date is its midnight.
fn time(value: &str) -> Option<String> {
    let date = value.parse::<Date>().ok().filter(|_| !value.contains(['T', 't', ' ']));
    let time = match date {
        Some(date) => date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
        None => value.parse::<Timestamp>().ok()?,
    };
    Some(time.to_string())
}

/// A filter that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No operator.
    #[error("`{term}` is no filter")]
    Operator {
        /// The part of the filter.
        term: String,
    },
    /// Nothing on one side.
    #[error("`{term}` lacks a side of `{operator}`")]
    Side {
        /// The part of the filter.
        term: String,
        /// Its operator.
        operator: &'static str,
    },
    /// No such key.
    #[error(transparent)]
    Column(#[from] UnknownColumn),
    /// A value that should be a time.
    #[error("`{value}` is no time, as `{column}` is")]
    Time {
        /// The server's column.
        column: String,
        /// What was given.
        value: String,
    },
    /// A value that the server's syntax cannot hold.
    #[error("the server reads `{letter}` as its own, so it cannot be told to look for `{value}`")]
    Letter {
        /// What was given.
        value: String,
        /// What is in it.
        letter: char,
    },
}

impl FilterError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Operator { .. } | Self::Side { .. } => {
                "write `KEY=VALUE`, with one of `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains), or `KEY in (A;B)`"
                    .to_owned()
            }
            Self::Column(column) => column.hint(),
            Self::Time { .. } => "write a date or an RFC 3339 time, such as `2026-01-31T08:00:00Z`".to_owned(),
            Self::Letter { .. } => "look for a part of it with `~`".to_owned(),
        }
    }
}
