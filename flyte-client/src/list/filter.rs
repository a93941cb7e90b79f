//! Filters as people write them, `phase=FAILED,created_at>2024-01-01`, and as the server reads them,
//! `eq(phase,FAILED)+gt(created_at,2024-01-01T00:00:00Z)`.
//!
//! The grammar is that of flytectl's `--filter.fieldSelector`, with `~` for `contains` and `not in`.

use std::fmt;

use super::{
    column::{Column, ColumnKind, UnknownColumn},
    value::{self, Mismatch},
};

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
    /// For a malformed term, or one that Flyte's filters cannot express.
    pub fn parse(kind: ColumnKind, text: &str) -> Result<Self, FilterError> {
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
    fn parse(kind: ColumnKind, term: &str) -> Result<Self, FilterError> {
        let (key, sign, function, value) =
            operator(term).ok_or_else(|| FilterError::Operator { term: term.to_owned() })?;
        let (key, value) = (key.trim(), value.trim());
        if let Some(operator) = unknown_sign(term, sign) {
            let end = |letter| "=<>!~".contains(letter) || letter == ' ';
            let (key, value) = (key.trim_end_matches(end), value.trim_start_matches(end));
            let meant = format!("{key}{}{value}", meant(&operator));
            return Err(FilterError::Sign { operator, meant });
        }
        if key.is_empty() || value.is_empty() {
            return Err(FilterError::Side { term: term.to_owned(), operator: sign.trim() });
        }
        let column = kind.column(key)?;
        let values = values(function, value, term)?;
        let values = values.into_iter().map(|value| server_value(&column, key, function, value));
        let value = values.collect::<Result<Vec<_>, _>>()?.join(";");
        Ok(Self { function, column: column.name, value })
    }
}

/// The values of a term: several for `in` and `not in` only.
fn values<'t>(function: &str, value: &'t str, term: &str) -> Result<Vec<&'t str>, FilterError> {
    if !function.starts_with("value_") {
        // The server splits at it whatever the function, and refuses the term then.
        return match value.contains(';') {
            true => Err(FilterError::List { term: term.to_owned() }),
            false => Ok(vec![value]),
        };
    }
    let values = list(value);
    if values.is_empty() || value.starts_with('(') != value.ends_with(')') {
        return Err(FilterError::List { term: term.to_owned() });
    }
    Ok(values)
}

/// What stands in place of an operator and is none, such as `==`.
fn unknown_sign(term: &str, sign: &str) -> Option<String> {
    let is_sign = |letter: char| "=<>!~".contains(letter);
    if !sign.starts_with(is_sign) {
        return None;
    }
    let start = term.find(is_sign)?;
    let found: String = term[start..].chars().take_while(|&letter| is_sign(letter)).collect();
    (found != sign).then_some(found)
}

/// Finds the first operator of a term.
fn operator(term: &str) -> Option<(&str, &'static str, &'static str, &str)> {
    let lower = term.to_ascii_lowercase();
    let found = WORDS.iter().chain(&SIGNS).filter_map(|&(sign, function)| {
        let at = lower.find(sign)?;
        Some((at, sign, function))
    });
    // Of those at the same place the longest; `min_by_key` keeps the first of equals, and longer ones come
    // first.
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
fn server_value(column: &Column, key: &str, function: &str, value: &str) -> Result<String, FilterError> {
    let value = match function {
        "contains" if column.of_type.is_text() => column.of_type.part(value),
        "contains" => return Err(FilterError::Part { key: key.to_owned() }),
        _ => column.of_type.value(value).map_err(|mismatch| unfit(key, value, mismatch))?,
    };
    // Its parser goes by these characters, and knows no escape.
    match value.chars().find(|letter| matches!(letter, '+' | ',' | '(' | ')')) {
        Some(letter) => Err(FilterError::Letter { value, letter }),
        None => Ok(value),
    }
}

fn unfit(key: &str, value: &str, mismatch: Mismatch) -> FilterError {
    let (key, value) = (key.to_owned(), value.to_owned());
    match mismatch {
        Mismatch::Type(expected, hint) => FilterError::Type { key, value, expected, hint },
        Mismatch::Name(known) => {
            FilterError::Unknown { hint: value::known_names(&value, &known), key, value }
        }
    }
}

/// A filter that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No operator.
    #[error("no operator in filter `{term}`")]
    Operator {
        /// The part of the filter.
        term: String,
    },
    /// Nothing on one side.
    #[error("no key or no value beside `{operator}` in filter `{term}`")]
    Side {
        /// The part of the filter.
        term: String,
        /// Its operator.
        operator: &'static str,
    },
    /// No such key.
    #[error(transparent)]
    Column(#[from] UnknownColumn),
    /// Signs that are not an operator.
    #[error("unknown operator `{operator}`")]
    Sign {
        /// What stands in its place.
        operator: String,
        /// The term with an operator.
        meant: String,
    },
    /// Several values where one is expected, or a list that is none.
    #[error("invalid list of values in `{term}`")]
    List {
        /// The part of the filter.
        term: String,
    },
    /// A value of another type.
    #[error("invalid {expected} `{value}` for `{key}`")]
    Type {
        /// As it was given.
        key: String,
        /// What was given.
        value: String,
        /// What is expected: time, duration, number.
        expected: &'static str,
        /// How to write one.
        hint: &'static str,
    },
    /// None of the values that there are.
    #[error("unknown {key} `{value}`")]
    Unknown {
        /// As it was given.
        key: String,
        /// What was given.
        value: String,
        /// The value that was meant, and all there are.
        hint: String,
    },
    /// A substring match on a column that is not text.
    #[error("could not look for a part of `{key}`: not a text")]
    Part {
        /// As it was given.
        key: String,
    },
    /// A value that the server's syntax cannot hold.
    #[error("could not look for `{value}`: Flyte's filters have no escape for `{letter}`")]
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
            Self::Sign { meant, .. } => format!("write `{meant}`"),
            Self::List { .. } => "write `KEY in (A;B)`, with `;` between the values".to_owned(),
            Self::Column(column) => column.hint(),
            Self::Type { hint, .. } => (*hint).to_owned(),
            Self::Unknown { hint, .. } => hint.clone(),
            Self::Part { key } => format!("write `{key}=VALUE`"),
            Self::Letter { .. } => "look for a part of it with `~`".to_owned(),
        }
    }
}

/// The operator that is meant by signs that are none.
fn meant(signs: &str) -> &'static str {
    match signs {
        _ if signs.contains('~') => "~",
        "<>" | "><" => "!=",
        _ if signs.contains('!') => "!=",
        _ if signs.contains('>') => ">=",
        _ if signs.contains('<') => "<=",
        _ => "=",
    }
}
