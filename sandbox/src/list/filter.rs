//! One filter expression, such as `eq(name,hello)`: FlyteAdmin's grammar, to an SQL condition with bound
//! values.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use regex::Regex;
use rusqlite::types::Value;

use super::table::{Column, ColumnKind, Join, Table};
use crate::{
    service_error::{ServiceError, invalid},
    store::time,
};

/// FlyteAdmin's own expression (`flyteadmin/pkg/manager/impl/util/filters.go`), with its gaps.
static EXPRESSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(.+)\((.+),\s?(.+)\)").expect("the expression is a valid one"));

/// The names of entities that may prefix a column.
const ENTITIES: &[&str] = &[
    "task",
    "workflow",
    "launch_plan",
    "execution",
    "node_execution",
    "task_execution",
    "entities",
    "named_entity_metadata",
    "project",
    "signal",
    "admin_tag",
    "execution_admin_tag",
    "execution_tag",
];

/// The most values of one filter; SQLite allows 32,766 parameters in all.
const MOST_VALUES: usize = 1000;

/// The SQL operator of a filter function.
enum Operator {
    Compare(&'static str),
    Contains,
    NotLike,
    Among(&'static str),
}

/// A filter as SQL.
#[derive(Debug)]
pub(crate) struct Filter {
    /// With `?` for each value.
    pub condition: String,
    /// In the order of the `?`.
    pub values: Vec<Value>,
    /// The column that it names.
    pub column: &'static str,
    /// The table to join.
    pub join: Option<&'static Join>,
}

/// Parses one expression for the list of a table.
pub(crate) fn parse(expression: &str, table: &'static Table) -> Result<Filter, ServiceError> {
    let parts = EXPRESSION.captures(expression).ok_or_else(|| invalid("invalid value for filters"))?;
    let (function, field, text) = (&parts[1], &parts[2], &parts[3]);
    let (target, join, column) = column(field, table)?;
    let operator =
        operator(function).ok_or_else(|| invalid(format!("unrecognized filter function: {function}")))?;
    let texts: Vec<&str> = text.split(';').collect();
    if texts.len() > MOST_VALUES {
        return Err(invalid(format!("a filter takes at most {MOST_VALUES} values, not {}", texts.len())));
    }
    let name = format!("{}.\"{}\"", target.name, column.sql);
    let (condition, values) = match operator {
        Operator::Contains => (
            format!(r"{name} LIKE ? ESCAPE '\'"),
            vec![Value::Text(format!("%{}%", single(&texts, function)?))],
        ),
        Operator::NotLike => (
            format!(r"{name} NOT LIKE ? ESCAPE '\'"),
            vec![Value::Text(single(&texts, function)?.to_owned())],
        ),
        Operator::Compare(sign) => {
            (format!("{name} {sign} ?"), vec![value(single(&texts, function)?, target, column)?])
        }
        Operator::Among(word) => {
            let marks = vec!["?"; texts.len()].join(", ");
            let values = texts.iter().map(|text| value(text, target, column)).collect::<Result<_, _>>()?;
            (format!("{name} {word} ({marks})"), values)
        }
    };
    Ok(Filter { condition, values, column: column.name, join })
}

fn operator(function: &str) -> Option<Operator> {
    Some(match function {
        "eq" => Operator::Compare("="),
        "ne" => Operator::Compare("<>"),
        "gt" => Operator::Compare(">"),
        "gte" => Operator::Compare(">="),
        "lt" => Operator::Compare("<"),
        "lte" => Operator::Compare("<="),
        "contains" => Operator::Contains,
        "not_like" => Operator::NotLike,
        "value_in" => Operator::Among("IN"),
        "value_not_in" => Operator::Among("NOT IN"),
        _ => return None,
    })
}

/// The table, how it is joined, and the column that a field names.
fn column(
    field: &str,
    table: &'static Table,
) -> Result<(&'static Table, Option<&'static Join>, &'static Column), ServiceError> {
    let (entity, name) = match field.split_once('.') {
        Some((entity, name)) if ENTITIES.contains(&entity) => (entity, name),
        _ => (table.entity, field),
    };
    let (target, join) = if entity == table.entity {
        (table, None)
    } else {
        let join = table
            .joins
            .iter()
            .find(|join| join.table.entity == entity)
            .ok_or_else(|| invalid(format!("'{entity}' entity is not allowed in filters")))?;
        (join.table, Some(join))
    };
    let column =
        target.column(name).ok_or_else(|| invalid(format!("'{entity}.{name}' is invalid filter")))?;
    Ok((target, join, column))
}

fn single<'a>(texts: &[&'a str], function: &str) -> Result<&'a str, ServiceError> {
    match texts {
        [text] => Ok(text),
        _ => Err(invalid(format!("filter function `{function}` takes one value, not {}", texts.len()))),
    }
}

fn value(text: &str, table: &Table, column: &Column) -> Result<Value, ServiceError> {
    Ok(match column.kind {
        ColumnKind::Text => Value::Text(text.to_owned()),
        ColumnKind::Bytes => Value::Blob(text.as_bytes().to_vec()),
        ColumnKind::Integer => Value::Integer(text.parse().map_err(|_| {
            invalid(format!("'{}.{}' is a number, and `{text}` is none", table.entity, column.name))
        })?),
        ColumnKind::Time => Value::Text(
            instant(text)
                .map(time::to_text)
                .ok_or_else(|| invalid(format!("Timestamp {text} must conform to RFC3339 Nano spec")))?,
        ),
        ColumnKind::Duration => Value::Integer(
            nanoseconds(text).ok_or_else(|| invalid(format!("Failed to parse duration [{text}]")))?,
        ),
    })
}

/// A time with an offset; without one, and as a bare date, it is UTC, as FlyteAdmin's database reads it.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let local: civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Seconds, or a duration as Go writes it.
fn nanoseconds(text: &str) -> Option<i64> {
    let duration = match text.parse::<f64>() {
        Ok(seconds) => SignedDuration::try_from_secs_f64(seconds).ok()?,
        Err(_) => go_duration(text)?,
    };
    i64::try_from(duration.as_nanos()).ok()
}

/// `1h2m3.5s`: numbers with units, without spaces, `-` before all of it.
fn go_duration(text: &str) -> Option<SignedDuration> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" | "μs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[end..];
    }
    SignedDuration::try_from_secs_f64(if is_negative { -seconds } else { seconds }).ok()
}
