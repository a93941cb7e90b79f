//! Cron expressions as `cron.ParseStandard` of robfig/cron v3 reads them, which FlyteAdmin and its scheduler
//! use.

use std::fmt;

use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned, tz::TimeZone};

/// Names that stand for a whole expression, with the expression.
const DESCRIPTORS: [(&str, &str); 7] = [
    ("@annually", "0 0 1 1 *"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@midnight", "0 0 * * *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@yearly", "0 0 1 1 *"),
];

/// Names that flytekit takes and FlyteAdmin 1.16.8 refuses, with the descriptors that mean the same.
const ALIASES: [(&str, &str); 11] = [
    ("annually", "@annually"),
    ("daily", "@daily"),
    ("days", "@daily"),
    ("hourly", "@hourly"),
    ("hours", "@hourly"),
    ("monthly", "@monthly"),
    ("months", "@monthly"),
    ("weekly", "@weekly"),
    ("weeks", "@weekly"),
    ("yearly", "@yearly"),
    ("years", "@yearly"),
];

/// For how long the next time is searched for; leap days are eight years apart at most.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 9);

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
    /// The name of the time zone; none for the scheduler's.
    zone: Option<String>,
    times: Times,
}

/// When it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Times {
    Fields {
        minutes: Values,
        hours: Values,
        days_of_month: Values,
        months: Values,
        days_of_week: Values,
    },
    /// Each time that so many seconds have passed.
    Every(i64),
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
    /// A name that needs an `@`: the descriptor that means the same.
    Alias(&'static str),
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
            Self::Alias(descriptor) => {
                write!(f, "expected exactly 5 fields, found 1; the name with this meaning is `{descriptor}`")
            }
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
        let (zone, text) = split_zone(text.trim())?;
        let zone = zone.map(str::to_owned);
        if let Some(seconds) = every(text) {
            return Ok(Self { zone, times: Times::Every(seconds) });
        }
        let descriptor = DESCRIPTORS.iter().find(|(name, _)| *name == text);
        let text = descriptor.map_or(text, |(_, expression)| expression);
        if text.starts_with('@') {
            return Err(CronError::Descriptor);
        }
        if let Some((_, descriptor)) = ALIASES.iter().find(|(name, _)| *name == text) {
            return Err(CronError::Alias(descriptor));
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week] = parts[..] else {
            return Err(CronError::Fields(parts.len()));
        };
        let [minute, hour, day_of_month, month, day_of_week] = &FIELDS;
        let times = Times::Fields {
            minutes: minute.read(minutes)?,
            hours: hour.read(hours)?,
            days_of_month: day_of_month.read(days_of_month)?,
            months: month.read(months)?,
            days_of_week: day_of_week.read(days_of_week)?,
        };
        Ok(Self { zone, times })
    }

    /// Whether there is a day that it names, in any year. Where both the day of the month and the day of the
    /// week are given, either does.
    #[must_use]
    pub fn fires(&self) -> bool {
        let Times::Fields { days_of_month, months, days_of_week, .. } = &self.times else { return true };
        let has_day =
            |(month, days): (u32, &u32)| months.has(month) && (1..=*days).any(|day| days_of_month.has(day));
        let weekday_does = !days_of_month.is_any && !days_of_week.is_any;
        weekday_does || (1..).zip(&DAYS).any(has_day)
    }

    /// The name of the time zone after `CRON_TZ=` or `TZ=`; `Local` is the scheduler's own, as none is.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The first time after `after` in a time zone; `None` if there is none within nine years, or before the
    /// last time that can be represented.
    ///
    /// As the scheduler does it: an hour that the clocks skip has no times, and one that they repeat has each
    /// time twice. `@every` counts from `after`, without its fraction of a second.
    #[must_use]
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let Times::Fields { minutes, hours, .. } = &self.times else {
            let Times::Every(seconds) = self.times else { return None };
            return Timestamp::from_second(after.as_second().checked_add(seconds)?).ok();
        };
        let mut time = Timestamp::from_second(after.as_second()).ok()?.to_zoned(zone.clone());
        time = time.checked_add((60 - i64::from(time.second())).seconds()).ok()?;
        let end = after.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        while time.timestamp() <= end {
            if !self.has_month(&time) {
                time = time.first_of_month().ok()?.checked_add(1.month()).ok()?.start_of_day().ok()?;
            } else if !self.has_day(&time) {
                time = time.tomorrow().ok()?.start_of_day().ok()?;
            } else if !hours.has_number(time.hour()) {
                time = time.checked_add((60 - i64::from(time.minute())).minutes()).ok()?;
            } else if !minutes.has_number(time.minute()) {
                time = time.checked_add(1.minute()).ok()?;
            } else {
                return Some(time.timestamp());
            }
        }
        None
    }

    fn has_month(&self, time: &Zoned) -> bool {
        matches!(&self.times, Times::Fields { months, .. } if months.has_number(time.month()))
    }

    /// Where one of the fields of days leaves the choice to the other, both have to fit; else either does.
    fn has_day(&self, time: &Zoned) -> bool {
        let Times::Fields { days_of_month, days_of_week, .. } = &self.times else { return false };
        let by_month = days_of_month.has_number(time.day());
        let by_week = days_of_week.has_number(time.weekday().to_sunday_zero_offset());
        match days_of_month.is_any || days_of_week.is_any {
            true => by_month && by_week,
            false => by_month || by_week,
        }
    }
}

impl Values {
    const fn has(self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }

    fn has_number(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.has(value))
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

/// The name of the time zone that stands before an expression, and the expression.
fn split_zone(text: &str) -> Result<(Option<&str>, &str), CronError> {
    let Some(zone) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) else {
        return Ok((None, text));
    };
    match zone.split_once(char::is_whitespace) {
        Some((name, rest)) if !name.is_empty() => Ok((Some(name), rest.trim_start())),
        _ => Err(CronError::Zone),
    }
}

/// The seconds of `@every` with a duration as Go writes it.
fn every(text: &str) -> Option<i64> {
    let length = crate::literal::duration(text.strip_prefix("@every ")?.trim())?;
    (length.seconds > 0).then_some(length.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_the_scheduler() {
        for text in [
            "@daily",
            "@midnight",
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
            ("days", "expected exactly 5 fields, found 1; the name with this meaning is `@daily`"),
            ("noon", "expected exactly 5 fields, found 1"),
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

    /// The next times after one, in a zone.
    fn next_times(text: &str, after: &str, zone: &TimeZone, count: usize) -> Vec<String> {
        let cron = Cron::parse(text).unwrap();
        let mut last = after.parse().unwrap();
        let next = std::iter::repeat_with(|| {
            last = cron.next_after(last, zone)?;
            Some(last.to_string())
        });
        next.take(count).flatten().collect()
    }

    #[test]
    fn the_next_times_are_those_of_the_scheduler() {
        for (text, after, expected) in [
            ("* * * * *", "2026-01-01T00:00:00Z", ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
            ("* * * * *", "2026-01-01T00:00:59.9Z", ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
            ("@hourly", "2026-12-31T23:00:01Z", ["2027-01-01T00:00:00Z", "2027-01-01T01:00:00Z"]),
            ("@daily", "2026-02-28T00:00:00Z", ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]),
            ("@weekly", "2026-01-01T00:00:00Z", ["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
            ("@monthly", "2026-01-01T00:00:00Z", ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"]),
            ("@yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"]),
            ("@every 90m", "2026-01-01T00:00:07.5Z", ["2026-01-01T01:30:07Z", "2026-01-01T03:00:07Z"]),
            (
                "5/15 9-10 * * MON-FRI",
                "2026-01-02T10:35:00Z",
                ["2026-01-02T10:50:00Z", "2026-01-05T09:05:00Z"],
            ),
            ("0 0 13 * FRI", "2026-02-10T00:00:00Z", ["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"]),
            ("0 0 ? 2 MON", "2026-02-20T00:00:00Z", ["2026-02-23T00:00:00Z", "2027-02-01T00:00:00Z"]),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"]),
        ] {
            assert_eq!(next_times(text, after, &TimeZone::UTC, 2), expected, "{text} after {after}");
        }
        assert!(next_times("0 0 31 4 *", "2026-01-01T00:00:00Z", &TimeZone::UTC, 1).is_empty());
        assert!(next_times("* * * * *", "9999-12-30T22:00:00.9Z", &TimeZone::UTC, 1).is_empty());
    }

    #[test]
    fn times_are_those_of_the_zone_also_where_its_clocks_change() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(Cron::parse("CRON_TZ=Europe/Berlin 0 3 * * *").unwrap().zone(), Some("Europe/Berlin"));
        let march = next_times("30 2 * * *", "2026-03-27T12:00:00Z", &zone, 2);
        assert_eq!(march, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]);
        let october = next_times("30 2 * * *", "2026-10-24T12:00:00Z", &zone, 3);
        assert_eq!(october, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]);
        let midnight = next_times("@daily", "2026-03-28T22:59:00Z", &zone, 2);
        assert_eq!(midnight, ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]);
    }
}
