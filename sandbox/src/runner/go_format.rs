//! Go's formats of numbers and durations: tasks read what propeller and copilot, which are written in Go,
//! print.

use flyte_client::literal::datetime_text;
use prost_types::Duration;

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3600 * 1_000_000_000),
];
const SECOND: i128 = 1_000_000_000;

/// A float like `strconv.FormatFloat(value, 'f', -1, 64)`, for files.
pub(super) fn float(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// A float like `%v`, for commands: with an exponent from 1e21 on and below 1e-4.
pub(super) fn short_float(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() || magnitude == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return float(value);
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// A duration like `time.Duration.String`: `1h30m0s`, `1.5s`, `20ms`.
pub(crate) fn duration(value: &Duration) -> String {
    let nanos = i128::from(value.seconds) * SECOND + i128::from(value.nanos);
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.abs();
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < SECOND {
        let (unit, size) = match nanos {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", decimal(nanos, size));
    }
    let (hours, minutes) = (nanos / (3600 * SECOND), nanos / (60 * SECOND) % 60);
    let seconds = decimal(nanos % (60 * SECOND), SECOND);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A fraction without zeros at its end.
fn decimal(number: i128, size: i128) -> String {
    let (whole, rest) = (number / size, number % size);
    if rest == 0 {
        return whole.to_string();
    }
    let width = size.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// A time in RFC 3339, in UTC, with as many digits as it needs.
pub(super) fn datetime(value: &prost_types::Timestamp) -> String {
    datetime_text(value).unwrap_or_else(|| format!("{} s after 1970", value.seconds))
}

/// Parses a duration like `time.ParseDuration`; `None` if it is invalid.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (negative, mut rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let mut nanos: i128 = 0;
    if rest != "0" {
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (part, after) = parse_part(rest)?;
            nanos = nanos.checked_add(part)?;
            rest = after;
        }
    }
    let nanos = if negative { -nanos } else { nanos };
    // Go's durations end at 292 years; those of protobuf, which inputs may have, at 10000.
    if nanos.abs() > 315_576_000_000 * SECOND {
        return None;
    }
    Some(Duration {
        seconds: i64::try_from(nanos / SECOND).ok()?,
        nanos: i32::try_from(nanos % SECOND).ok()?,
    })
}

/// A number with its unit, in nanoseconds, and what comes after.
fn parse_part(text: &str) -> Option<(i128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(end);
    let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit);
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || fraction.len() > 18 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some((whole.checked_mul(*size)?.checked_add(part * size / scale)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let cases = [
            (3.0, "3", "3"),
            (0.1, "0.1", "0.1"),
            (-0.0, "-0", "-0"),
            (1e20, "100000000000000000000", "100000000000000000000"),
            (1e21, "1000000000000000000000", "1e+21"),
            (1.5e-5, "0.000015", "1.5e-05"),
            (0.0001, "0.0001", "0.0001"),
            (f64::NAN, "NaN", "NaN"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ];
        for (value, long, short) in cases {
            assert_eq!((float(value).as_str(), short_float(value).as_str()), (long, short));
        }
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let cases = [
            (0, 0, "0s"),
            (0, 1, "1ns"),
            (0, 1_500, "1.5µs"),
            (0, 20_000_000, "20ms"),
            (1, 500_000_000, "1.5s"),
            (60, 0, "1m0s"),
            (5400, 0, "1h30m0s"),
            (-3600, 0, "-1h0m0s"),
            (86400, 0, "24h0m0s"),
        ];
        for (seconds, nanos, text) in cases {
            assert_eq!(duration(&Duration { seconds, nanos }), text);
        }
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let read = |text| parse_duration(text).map(|duration| (duration.seconds, duration.nanos));
        assert_eq!(read("1h30m"), Some((5400, 0)));
        assert_eq!(read("-1.5h"), Some((-5400, 0)));
        assert_eq!(read("300ms"), Some((0, 300_000_000)));
        assert_eq!(read("1us2ns"), Some((0, 1_002)));
        assert_eq!(read("0"), Some((0, 0)));
        assert_eq!(read(".5s"), Some((0, 500_000_000)));
        assert_eq!(read("-87660000h0m0s"), Some((-315_576_000_000, 0)));
        for text in ["", "-", "1", "s", "87660001h", "1x", "1.2.3s", ".s", "1 s", "300000000h", "1h30"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(nanos in any::<i64>()) {
            let value = Duration {
                seconds: nanos / 1_000_000_000,
                nanos: i32::try_from(nanos % 1_000_000_000).unwrap(),
            };
            prop_assert_eq!(parse_duration(&duration(&value)), Some(value));
        }

        #[test]
        fn any_text_can_be_tried(text in "[-+0-9.a-zµ ]{0,12}") {
            let _ = parse_duration(&text);
        }
    }
}
