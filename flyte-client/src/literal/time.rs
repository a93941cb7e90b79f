//! Times and durations as people write them.

use jiff::{SignedDuration, Timestamp, civil, fmt::temporal::Pieces, tz::TimeZone};
use prost_types::{Duration as ProtoDuration, Timestamp as ProtoTimestamp};

const EPOCH: civil::DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;

/// Reads a time: RFC 3339, a date, a date and time without a zone (UTC, as flytekit has it), `now`, `today`
/// (midnight UTC), and any of these `+` or `-` a duration. Flyte's times are of the years 1 to 9999.
pub(super) fn datetime(text: &str, now: Timestamp) -> Result<ProtoTimestamp, TimeError> {
    let text = text.trim();
    let nanos = match split_arithmetic(text) {
        Some((base, sign, length)) => {
            let length = duration_nanos(length)?;
            instant(base, now)?.checked_add(sign * length).ok_or(TimeError::Years)?
        }
        None => instant(text, now)?,
    };
    timestamp(nanos)
}

/// Reads a time with an offset, as RFC 3339 has it.
///
/// ```
/// let time = flyte_client::literal::rfc3339("9999-12-31T23:59:59.999999999Z").unwrap();
/// assert_eq!(flyte_client::literal::datetime_text(&time).unwrap(), "9999-12-31T23:59:59.999999999Z");
/// assert_eq!(flyte_client::literal::rfc3339("2026-01-31"), None);
/// ```
#[must_use]
pub fn rfc3339(text: &str) -> Option<ProtoTimestamp> {
    timestamp(with_offset(text).ok()??).ok()
}

fn timestamp(nanos: i128) -> Result<ProtoTimestamp, TimeError> {
    const FIRST: i128 = -62_135_596_800 * SECOND;
    const END: i128 = 253_402_300_800 * SECOND;
    if !(FIRST..END).contains(&nanos) {
        return Err(TimeError::Years);
    }
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).map_err(|_| TimeError::Years)?;
    let nanos = i32::try_from(nanos.rem_euclid(SECOND)).map_err(|_| TimeError::Years)?;
    Ok(ProtoTimestamp { seconds, nanos })
}

/// Why a text is not a time or duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeError {
    /// It is not written as one.
    Format,
    /// It has a sixty-first second.
    LeapSecond,
    /// It is finer than a nanosecond.
    TooFine,
    /// It is longer than Flyte's durations.
    TooLong,
    /// It is not of the years 1 to 9999.
    Years,
}

impl TimeError {
    /// Completes the sentence "the text … "; `None` where the form is wrong, which hints tell.
    const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Format => None,
            Self::LeapSecond => Some("has a leap second, which Flyte's times do not have"),
            Self::TooFine => Some("is finer than a nanosecond"),
            Self::TooLong => Some("is beyond the range of durations, ±87660000h (10000 years)"),
            Self::Years => Some("is outside of the years 0001 to 9999 (UTC)"),
        }
    }
}

/// Why a well-formed text is not a valid time.
pub(super) fn datetime_problem(text: &str) -> Option<&'static str> {
    datetime(text, Timestamp::UNIX_EPOCH).err()?.reason()
}

/// Why a well-formed text is not a valid duration.
pub(super) fn duration_problem(text: &str) -> Option<&'static str> {
    checked_duration(text).err()?.reason()
}

/// Takes `now - 2h` apart. Dates have no spaces around their dashes; after a word, none are needed.
fn split_arithmetic(text: &str) -> Option<(&str, i128, &str)> {
    if let Some((base, rest)) = text.rsplit_once(" + ") {
        return Some((base, 1, rest));
    }
    if let Some((base, rest)) = text.rsplit_once(" - ") {
        return Some((base, -1, rest));
    }
    let word = text.get(..text.find(['+', '-'])?)?.trim_end();
    let is_word = word.eq_ignore_ascii_case("now") || word.eq_ignore_ascii_case("today");
    let rest = text[word.len()..].trim_start();
    let sign = if rest.starts_with('+') { 1 } else { -1 };
    is_word.then(|| (word, sign, &rest[1..]))
}

fn instant(text: &str, now: Timestamp) -> Result<i128, TimeError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Ok(now.as_nanosecond());
    }
    let date = if text.eq_ignore_ascii_case("today") {
        Some(TimeZone::UTC.to_datetime(now).date())
    } else {
        is_date(text).then(|| text.parse::<civil::Date>().ok()).flatten()
    };
    if let Some(date) = date {
        return Ok(utc_nanos(date.to_datetime(civil::Time::midnight())));
    }
    if let Some(nanos) = with_offset(text)? {
        return Ok(nanos);
    }
    // The reader of times without a zone would pass over an offset.
    let offset = text[10..].contains(['+', '-', '[']);
    let local = if offset { None } else { text.parse().ok() };
    local.map(utc_nanos).ok_or(TimeError::Format)
}

/// A date and time with an offset; `None` without one. `Timestamp`, whose range ends a day before that of
/// years, is not used.
fn with_offset(text: &str) -> Result<Option<i128>, TimeError> {
    // A bare number or time of the day is not a time.
    if !text.get(..10).is_some_and(is_date) {
        return Err(if has_far_year(text) { TimeError::Years } else { TimeError::Format });
    }
    // The reader would take it for second 59.
    if text.get(16..19).is_some_and(|second| second == ":60") {
        return Err(TimeError::LeapSecond);
    }
    let fraction = text[10..].split_once(['.', ',']).map_or("", |(_, fraction)| fraction);
    if fraction.bytes().take_while(u8::is_ascii_digit).count() > 9 {
        return Err(TimeError::TooFine);
    }
    let pieces = Pieces::parse(text).map_err(|_| TimeError::Format)?;
    let Some(offset) = pieces.to_numeric_offset() else { return Ok(None) };
    let time = pieces.time().ok_or(TimeError::Format)?;
    Ok(Some(utc_nanos(pieces.date().to_datetime(time)) - i128::from(offset.seconds()) * SECOND))
}

/// Whether a text begins as a date of a year before 0 or after 9999: `-0001-…`, `10000-…`, `+12026-…`.
fn has_far_year(text: &str) -> bool {
    let (sign, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let Some((year, rest)) = rest.split_once('-') else { return false };
    let is_year = year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let is_month =
        rest.len() >= 5 && rest.as_bytes()[..2].iter().all(u8::is_ascii_digit) && rest.as_bytes()[2] == b'-';
    is_year && is_month && (sign || year.len() > 4)
}

/// The last hours of the year 9999, which Python's greatest time is in, are beyond `Timestamp`.
fn utc_nanos(time: civil::DateTime) -> i128 {
    time.duration_since(EPOCH).as_nanos()
}

/// `YYYY-MM-DD`, by its form.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Writes a time as in RFC 3339; `None` for one that Flyte's times do not have.
#[must_use]
pub fn datetime_text(of: &ProtoTimestamp) -> Option<String> {
    let nanos = i128::from(of.seconds) * SECOND + i128::from(of.nanos);
    let of = timestamp(nanos).ok()?;
    EPOCH.checked_add(SignedDuration::new(of.seconds, of.nanos)).ok().map(|time| format!("{time}Z"))
}

/// Reads a duration: `1h30m`, `1 day 2 hours`, `5:34:56`, `1 day, 5:34:56`, `PT5M`.
///
/// A bare number is none, nor are months and years, whose lengths differ. Flyte's durations end at 10000
/// years.
///
/// # Example
///
/// ```
/// let duration = flyte_client::literal::duration("1h30m").unwrap();
/// assert_eq!(duration.seconds, 5400);
/// assert_eq!(flyte_client::literal::duration("soon"), None);
/// ```
pub fn duration(text: &str) -> Option<ProtoDuration> {
    checked_duration(text).ok()
}

fn checked_duration(text: &str) -> Result<ProtoDuration, TimeError> {
    const LONGEST: i128 = 315_576_000_000 * SECOND;
    let nanos = duration_nanos(text)?;
    if nanos.abs() > LONGEST {
        return Err(TimeError::TooLong);
    }
    let seconds = i64::try_from(nanos / SECOND).map_err(|_| TimeError::TooLong)?;
    let nanos = i32::try_from(nanos % SECOND).map_err(|_| TimeError::TooLong)?;
    Ok(ProtoDuration { seconds, nanos })
}

fn duration_nanos(text: &str) -> Result<i128, TimeError> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, text.strip_prefix('+').unwrap_or(text).trim_start()),
    };
    let lower = text.to_lowercase();
    let nanos = match lower.strip_prefix('p') {
        Some(iso) => iso_nanos(iso)?,
        None if lower.contains(':') => clock_nanos(&lower, sign)?,
        None => units_nanos(&lower)?,
    };
    Ok(sign * nanos)
}

/// What follows the `P` of ISO 8601.
fn iso_nanos(text: &str) -> Result<i128, TimeError> {
    let (days, time) = text.split_once('t').map_or((text, None), |(days, time)| (days, Some(time)));
    let days_nanos = if days.is_empty() { None } else { Some(parts(days, &[("w", 7 * DAY), ("d", DAY)])?) };
    let time_nanos = match time {
        Some(time) => Some(parts(time, &[("h", HOUR), ("m", MINUTE), ("s", SECOND)])?),
        None => None,
    };
    if days_nanos.is_none() && time_nanos.is_none() {
        return Err(TimeError::Format);
    }
    days_nanos.unwrap_or_default().checked_add(time_nanos.unwrap_or_default()).ok_or(TimeError::TooLong)
}

/// `MM:SS`, `HH:MM:SS`, `D:HH:MM:SS`, the first and last as pytimeparse reads them, or with days in words
/// before.
fn clock_nanos(text: &str, sign: i128) -> Result<i128, TimeError> {
    let (words, clock) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    let words = words.trim_end().trim_end_matches(',');
    // Python writes minus one hour as `-1 day, 23:00:00`, others would read minus 47 hours.
    if !words.is_empty() && sign < 0 {
        return Err(TimeError::Format);
    }
    let before = if words.is_empty() { 0 } else { units_nanos(words)? };
    let fields: Vec<_> = clock.split(':').collect();
    let units: &[i128] = match fields.len() {
        2 => &[MINUTE, SECOND],
        3 => &[HOUR, MINUTE, SECOND],
        4 => &[DAY, HOUR, MINUTE, SECOND],
        _ => return Err(TimeError::Format),
    };
    fields.iter().zip(units).try_fold(before, |total, (field, unit)| {
        let whole = *unit == SECOND || !field.contains('.');
        let nanos = if whole { decimal(field, *unit)? } else { return Err(TimeError::Format) };
        total.checked_add(nanos).ok_or(TimeError::TooLong)
    })
}

fn units_nanos(text: &str) -> Result<i128, TimeError> {
    const UNITS: [(&str, i128); 28] = [
        ("w", 7 * DAY),
        ("wk", 7 * DAY),
        ("wks", 7 * DAY),
        ("week", 7 * DAY),
        ("weeks", 7 * DAY),
        ("d", DAY),
        ("day", DAY),
        ("days", DAY),
        ("h", HOUR),
        ("hr", HOUR),
        ("hrs", HOUR),
        ("hour", HOUR),
        ("hours", HOUR),
        ("m", MINUTE),
        ("min", MINUTE),
        ("mins", MINUTE),
        ("minute", MINUTE),
        ("minutes", MINUTE),
        ("s", SECOND),
        ("sec", SECOND),
        ("secs", SECOND),
        ("second", SECOND),
        ("seconds", SECOND),
        ("ms", SECOND / 1_000),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ns", 1),
    ];
    parts(text, &UNITS)
}

/// Adds up numbers with units; spaces and commas may stand between them.
fn parts(text: &str, units: &[(&str, i128)]) -> Result<i128, TimeError> {
    let mut rest = text.trim();
    let mut total = 0_i128;
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or(TimeError::Format)?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (name, after) = after.split_at(letters);
        let (_, unit) = units.iter().find(|(unit, _)| *unit == name).ok_or(TimeError::Format)?;
        total = total.checked_add(decimal(number, *unit)?).ok_or(TimeError::TooLong)?;
        any = true;
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    any.then_some(total).ok_or(TimeError::Format)
}

/// A decimal number of units, in nanoseconds. What is finer is cut off where the unit has to be divided
/// (`0.333h`), and refused where more digits are given than there are nanoseconds.
fn decimal(number: &str, unit: i128) -> Result<i128, TimeError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || !number.contains(|c: char| c.is_ascii_digit()) {
        return Err(TimeError::Format);
    }
    let parse = |text: &str| match text.trim_start_matches('0') {
        "" => Some(0),
        text if text.len() <= 18 => text.parse::<i128>().ok(),
        _ => None,
    };
    let whole = parse(whole).ok_or(TimeError::TooLong)?;
    let exponent =
        u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 18).ok_or(TimeError::TooFine)?;
    let scale = 10_i128.pow(exponent);
    let part = parse(fraction).ok_or(TimeError::TooFine)? * unit;
    if unit <= SECOND && part % scale != 0 {
        return Err(TimeError::TooFine);
    }
    Ok(whole * unit + part / scale)
}

/// Writes a duration: `1h30m`, `0.5s`, `-26h`; zero is `0s`. Days are not used, so that every reader of Go's
/// durations understands it.
pub(super) fn duration_text(of: &ProtoDuration) -> String {
    use std::fmt::Write as _;

    let nanos = i128::from(of.seconds) * SECOND + i128::from(of.nanos);
    let mut text = String::from(if nanos < 0 { "-" } else { "" });
    let nanos = nanos.abs();
    let (hours, minutes, seconds) = (nanos / HOUR, nanos % HOUR / MINUTE, nanos % MINUTE);
    for (amount, unit) in [(hours, "h"), (minutes, "m")] {
        if amount != 0 {
            let _ = write!(text, "{amount}{unit}");
        }
    }
    if seconds != 0 || nanos == 0 {
        let fraction = format!("{:09}", seconds % SECOND);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let _ = write!(text, "{}{point}{fraction}s", seconds / SECOND);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<f64> {
        duration(text).map(|of| of.seconds as f64 + f64::from(of.nanos) / 1e9)
    }

    #[test]
    fn durations_read_as_pytimeparse_reads_them() {
        for (text, expected) in [
            ("1h30m", 5400.0),
            ("1.5h", 5400.0),
            ("4:13", 253.0),
            ("4:13:02.266", 15182.266),
            ("2:04:13:02", 187_982.0),
            ("1 day, 2:03:04", 93784.0),
            ("1w3d", 864_000.0),
            ("-1h", -3600.0),
            ("1 day 2 hours", 93600.0),
            ("1 hr 2 mins", 3720.0),
            ("2 secs", 2.0),
            ("500ms", 0.5),
            ("PT5M", 300.0),
            ("P1DT0.5S", 86400.5),
            ("-PT1H", -3600.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration() {
        for text in [
            "",
            "90",
            "1mo",
            "1y",
            "P1Y",
            "P",
            "PT",
            "h",
            "1h30",
            "-1 day, 23:00:00",
            "1:2:3:4:5",
            "1 5:6.7:8",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn times_read_whatever_their_zone() {
        let now = "2026-03-05T06:07:08.9Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-31T08:30:00Z", "2026-01-31T08:30:00Z"),
            ("2026-01-31T08:30:00.000001+02:00", "2026-01-31T06:30:00.000001Z"),
            ("2026-01-31T08:30:00-11:30", "2026-01-31T20:00:00Z"),
            ("2026-01-31 08:30:00", "2026-01-31T08:30:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("now", "2026-03-05T06:07:08.9Z"),
            ("today", "2026-03-05T00:00:00Z"),
            ("now - 2h", "2026-03-05T04:07:08.9Z"),
            ("Today+1d", "2026-03-06T00:00:00Z"),
            ("now-PT8S", "2026-03-05T06:07:00.9Z"),
            ("2026-01-31 - 1 day", "2026-01-30T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            let read = datetime(text, now).ok().and_then(|time| datetime_text(&time));
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        for text in ["", "tomorrow", "12:00", "2026", "2026-02-30", "now - 5", "-0001-01-01T00:00:00Z"] {
            assert!(datetime(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_short() {
        for (seconds, nanos, expected) in [
            (0, 0, "0s"),
            (5400, 0, "1h30m"),
            (93600, 0, "26h"),
            (-1, -500_000_000, "-1.5s"),
            (0, 1, "0.000000001s"),
            (3661, 250_000_000, "1h1m1.25s"),
        ] {
            let of = ProtoDuration { seconds, nanos };
            assert_eq!(duration_text(&of), expected);
            assert_eq!(duration(expected), Some(of));
        }
    }
}
