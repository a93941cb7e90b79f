//! Values in filters: as people write them and `get` prints them, to what FlyteAdmin compares with.
//!
//! It keeps phases as their names, states and modes as numbers, and tells neither an unknown name (the list
//! is empty) nor a name instead of a number apart from a broken database (`invalid input syntax for type
//! integer`).

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::proto::{
    admin::{ExecutionState, LaunchPlanState, execution_metadata::ExecutionMode, project::ProjectState},
    core::{
        CatalogCacheStatus, execution_error::ErrorKind, node_execution, task_execution, workflow_execution,
    },
};

/// What the values of a column are.
#[derive(Clone, Copy, Debug)]
pub(super) enum ColumnType {
    /// Any text.
    Text,
    /// A time.
    Time,
    /// A duration.
    Duration,
    /// A number.
    Number,
    /// One of these, kept as its name.
    Name(Enumeration),
    /// One of these, kept as its number.
    Code(Enumeration),
}

/// A value of an enum: its number, and its name as the server keeps it.
type Member = (i32, &'static str);

/// The values of an enum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enumeration {
    members: fn() -> Vec<Member>,
    /// What may be left out at the beginning of a name.
    prefix: &'static str,
    /// Other texts for values, such as those in the tables of `get`.
    aliases: &'static [(&'static str, &'static str)],
}

impl Enumeration {
    const fn new(members: fn() -> Vec<Member>, prefix: &'static str) -> Self {
        Self { members, prefix, aliases: &[] }
    }
}

/// The values of an enum of Flyte's messages; their numbers are small.
fn members<E: TryFrom<i32>>(name: fn(&E) -> &'static str) -> Vec<Member> {
    (0..32).filter_map(|number| Some((number, name(&E::try_from(number).ok()?)))).collect()
}

pub(super) const EXECUTION_PHASE: Enumeration =
    Enumeration::new(|| members(workflow_execution::Phase::as_str_name), "");
pub(super) const NODE_PHASE: Enumeration =
    Enumeration::new(|| members(node_execution::Phase::as_str_name), "");
pub(super) const TASK_PHASE: Enumeration =
    Enumeration::new(|| members(task_execution::Phase::as_str_name), "");
pub(super) const ERROR_KIND: Enumeration = Enumeration::new(|| members(ErrorKind::as_str_name), "");
pub(super) const EXECUTION_MODE: Enumeration = Enumeration::new(|| members(ExecutionMode::as_str_name), "");
pub(super) const EXECUTION_STATE: Enumeration =
    Enumeration::new(|| members(ExecutionState::as_str_name), "EXECUTION_");
pub(super) const LAUNCH_PLAN_STATE: Enumeration =
    Enumeration::new(|| members(LaunchPlanState::as_str_name), "");
pub(super) const PROJECT_STATE: Enumeration = Enumeration::new(|| members(ProjectState::as_str_name), "");
/// `flyteadmin/pkg/repositories/models/launch_plan.go`.
pub(super) const SCHEDULE_TYPE: Enumeration =
    Enumeration::new(|| vec![(0, "NONE"), (1, "CRON"), (2, "RATE")], "");
/// In lower case, unlike the others (`flyteadmin/pkg/repositories/transformers/execution.go`).
pub(super) const LAUNCH_ENTITY: Enumeration = Enumeration::new(|| vec![(1, "task"), (3, "launch_plan")], "");
pub(super) const CACHE_STATUS: Enumeration = Enumeration {
    members: || members(CatalogCacheStatus::as_str_name),
    prefix: "CACHE_",
    aliases: &[
        ("cached", "CACHE_HIT"),
        ("not in the cache", "CACHE_MISS"),
        ("stored in the cache", "CACHE_POPULATED"),
        ("cache passed over", "CACHE_SKIPPED"),
    ],
};

/// Why a text is not a value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Another kind of value is expected: its name and a hint.
    Type(&'static str, &'static str),
    /// Not one of these.
    Name(Vec<&'static str>),
}

impl ColumnType {
    /// Whether the server keeps texts, of which a part may be looked for.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Name(_))
    }

    /// A part of a value, for `contains`.
    pub(super) fn part(self, text: &str) -> String {
        match self {
            Self::Name(values) if values.is_upper_case() => text.to_uppercase(),
            Self::Name(_) => text.to_lowercase(),
            _ => text.to_owned(),
        }
    }

    /// A value as the server compares with it.
    pub(super) fn value(self, text: &str) -> Result<String, Mismatch> {
        match self {
            Self::Text => Ok(text.to_owned()),
            Self::Time => time(text).ok_or(Mismatch::Type(
                "time",
                "write a date or an RFC 3339 time, such as `2026-01-31T08:00:00Z`",
            )),
            Self::Duration => duration(text).ok_or(Mismatch::Type(
                "duration",
                "write a duration such as `90s`, `1h30m` or `1.5` (seconds)",
            )),
            // Some of these columns have 32 bits.
            Self::Number => match text.parse::<i32>() {
                Ok(number) if number >= 0 => Ok(number.to_string()),
                _ => Err(Mismatch::Type("number", "write a whole number, such as `3`")),
            },
            Self::Name(values) => values.find(text).map(|(_, name)| name.to_owned()),
            // A number may be newer than this program.
            Self::Code(_) if text.parse::<u16>().is_ok() => Ok(text.to_owned()),
            Self::Code(values) => values.find(text).map(|(number, _)| number.to_string()),
        }
    }
}

impl Enumeration {
    fn is_upper_case(self) -> bool {
        (self.members)().iter().all(|(_, name)| !name.contains(char::is_lowercase))
    }

    fn find(self, text: &str) -> Result<Member, Mismatch> {
        let alias = self.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text));
        let wanted = plain(alias.map_or(text, |(_, name)| name));
        let prefix = plain(self.prefix);
        let members = (self.members)();
        let found = members.iter().find(|(_, name)| {
            let name = plain(name);
            name == wanted || name.strip_prefix(&prefix) == Some(&wanted)
        });
        let known = || members.iter().map(|(_, name)| *name).filter(|name| *name != "UNDEFINED").collect();
        found.copied().ok_or_else(|| Mismatch::Name(known()))
    }
}

/// The name of a value without what people write in different ways.
fn plain(name: &str) -> String {
    name.to_uppercase().replace([' ', '-'], "_")
}

/// The name that was meant, with all names.
pub(super) fn known_names(given: &str, names: &[&'static str]) -> String {
    let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let all = format!("use one of {}", all.join(", "));
    match flyte_text::closest(given, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
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

/// A duration in Go's form, in seconds: `90s`, `1.5s`. A number without a unit is seconds, as for the server.
fn duration(value: &str) -> Option<String> {
    let duration = match value.parse::<f64>() {
        Ok(seconds) => SignedDuration::try_from_secs_f64(seconds).ok()?,
        Err(_) => value.parse::<SignedDuration>().or_else(|_| days(value)).ok()?,
    };
    if duration.is_negative() {
        return None;
    }
    let fraction = format!("{:09}", duration.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{}{dot}{fraction}s", duration.as_secs()))
}

/// A duration with days, such as `1d 3h`, which `get` prints: a day has 24 hours here.
fn days(value: &str) -> Result<SignedDuration, jiff::Error> {
    let span: jiff::Span = value.parse()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
}
