//! Cron expressions as `cron.ParseStandard` of robfig/cron v3 reads them, which FlyteAdmin and its scheduler
//! use.

use std::fmt;

/// Names that stand for a whole expression. Those without `@` are flytekit's, for the fork of the parser that
/// FlyteAdmin uses.
const DESCRIPTORS: [&str; 18] = [
    "@annually",
    "@daily",
    "@hourly",
    "@midnight",
    "@monthly",
    "@weekly",
    "@yearly",
    "annually",
    "daily",
    "days",
    "hourly",
    "hours",
    "monthly",
    "months",
    "weekly",
    "weeks",
    "yearly",
    "years",
];

/// One of the five fields of an expression.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names of values, from the least on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field {
        name: "day of week",
        least: 0,
        most: 6,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// The days of the months; February has its longest.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    days_of_month: Values,
    months: Values,
    days_of_week: Values,
}

/// The values of a field that fit, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Values {
    bits: u64,
    /// Whether it is `*` or `?`, which leave the choice of days to the other field of days.
    is_any: bool,
}

/// What is wrong with a cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CronError {
    /// A name after `@` that stands for nothing.
    Descriptor,
    /// A part of a field that is not one of its values.
    Part {
        /// The part as it is written.
        part: String,
        /// The name of the field, its least and its greatest value.
        field: (&'static str, u32, u32),
    },
    /// Another number of fields than five.
    Fields(usize),
    /// A time zone without a name.
    Zone,
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptor => f.write_str("unrecognized descriptor"),
            Self::Part { part, field: (name, least, most) } => {
                write!(f, "`{part}` is not a {name}, {least} to {most}")
            }
            Self::Fields(found) => write!(f, "expected exactly 5 fields, found {found}"),
            Self::Zone => f.write_str("the time zone has no name"),
        }
    }
}

impl std::error::Error for CronError {}

impl Cron {
    /// Reads five fields, a descriptor such as `@daily`, or `@every` with a duration; `CRON_TZ=` or `TZ=` and
    /// a time zone, which is not looked up, may stand before.
    ///
    /// # Errors
    ///
    /// What the scheduler would not take, time zones apart.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = without_zone(text.trim())?;
        if DESCRIPTORS.contains(&text) || is_every(text) {
            let any = Values { bits: u64::MAX, is_any: true };
            return Ok(Self { days_of_month: any, months: any, days_of_week: any });
        }
        if text.starts_with('@') {
            return Err(CronError::Descriptor);
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week] = parts[..] else {
            return Err(CronError::Fields(parts.len()));
        };
        let [minute, hour, day_of_month, month, day_of_week] = &FIELDS;
        minute.read(minutes)?;
        hour.read(hours)?;
        Ok(Self {
            days_of_month: day_of_month.read(days_of_month)?,
            months: month.read(months)?,
            days_of_week: day_of_week.read(days_of_week)?,
        })
    }

    /// Whether there is a day that it names, in any year. Where both the day of the month and the day of the
    /// week are given, either does.
    #[must_use]
    pub fn fires(&self) -> bool {
        let has_day = |(month, days): (u32, &u32)| {
            self.months.has(month) && (1..=*days).any(|day| self.days_of_month.has(day))
        };
        let weekday_does = !self.days_of_month.is_any && !self.days_of_week.is_any;
        weekday_does || (1..).zip(&DAYS).any(has_day)
    }
}

impl Values {
    const fn has(self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }
}

impl Field {
    fn read(&self, text: &str) -> Result<Values, CronError> {
        let mut values = Values { bits: 0, is_any: false };
        for part in text.split(',') {
            let read = self.part(part).ok_or_else(|| CronError::Part {
                part: part.to_owned(),
                field: (self.name, self.least, self.most),
            })?;
            values.bits |= read.bits;
            values.is_any |= read.is_any;
        }
        Ok(values)
    }

    /// `*`, `?`, a value, a range, each maybe with a step; a value with a step extends to the greatest one.
    fn part(&self, part: &str) -> Option<Values> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let is_any = matches!(range, "*" | "?");
        let (from, to) = match range.split_once('-') {
            _ if is_any => (self.least, self.most),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let value = self.value(range)?;
                (value, if step.is_some() { self.most } else { value })
            }
        };
        if from > to {
            return None;
        }
        let step = step.unwrap_or(1);
        let every = usize::try_from(step).ok()?;
        let bits = (from..=to).step_by(every).fold(0, |bits, value| bits | 1 << value);
        Some(Values { bits, is_any: is_any && step == 1 })
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(index) => u32::try_from(index).ok()? + self.least,
            None => text.parse().ok()?,
        };
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

fn without_zone(text: &str) -> Result<&str, CronError> {
    let Some(zone) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) else {
        return Ok(text);
    };
    match zone.split_once(char::is_whitespace) {
        Some((name, rest)) if !name.is_empty() => Ok(rest.trim_start()),
        _ => Err(CronError::Zone),
    }
}

/// `@every` with a duration as Go writes it.
fn is_every(text: &str) -> bool {
    let length = text.strip_prefix("@every ").and_then(|length| crate::literal::duration(length.trim()));
    length.is_some_and(|length| length.seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_the_scheduler() {
        for text in [
            "@daily",
            "@midnight",
            "daily",
            "@every 1h30m",
            "* * * * *",
            "*/10 0-6 1,15 JAN-mar ?",
            "0 0 * * 0",
            "  0   0 * * *  ",
            "5/15 * * * *",
            "CRON_TZ=Europe/Berlin 0 0 * * *",
            "0 0 1 jan MON-fri",
            "*/70 * * * *",
        ] {
            assert!(Cron::parse(text).is_ok_and(|cron| cron.fires()), "{text}");
        }
        for (text, expected) in [
            ("* * * *", "expected exactly 5 fields, found 4"),
            ("", "expected exactly 5 fields, found 0"),
            ("60 * * * *", "`60` is not a minute, 0 to 59"),
            ("* * * 5-2 *", "`5-2` is not a month, 1 to 12"),
            ("*/0 * * * *", "`*/0` is not a minute, 0 to 59"),
            ("0 0 * * 7", "`7` is not a day of week, 0 to 6"),
            ("0 0 0 * *", "`0` is not a day of month, 1 to 31"),
            ("-1 0 * * *", "`-1` is not a minute, 0 to 59"),
            ("1,,2 0 * * *", "`` is not a minute, 0 to 59"),
            ("99999999999 0 * * *", "`99999999999` is not a minute, 0 to 59"),
            ("@Daily", "unrecognized descriptor"),
            ("@reboot", "unrecognized descriptor"),
            ("@every -1h", "unrecognized descriptor"),
            ("CRON_TZ= 0 0 * * *", "the time zone has no name"),
            ("CRON_TZ=UTC", "the time zone has no name"),
        ] {
            assert_eq!(Cron::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn some_never_fire() {
        for text in [
            "0 0 30 2 *",
            "0 0 31 4 *",
            "0 0 31 2,4,6,9,11 ?",
            "0 0 30-31 FEB *",
            "0 0 31/2 2 *",
            "0 0 30 2 */1",
        ] {
            assert!(!Cron::parse(text).unwrap().fires(), "{text}");
        }
        // The day of the week does where both are given; the leap day comes.
        for text in
            ["0 0 30 2 1", "0 0 31 4 */2", "0 0 29 2 *", "0 0 31 2,3 *", "0 0 */31 2 *", "0 0 31 */20 *"]
        {
            assert!(Cron::parse(text).unwrap().fires(), "{text}");
        }
    }
}
