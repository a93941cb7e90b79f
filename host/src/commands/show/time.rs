//! Times and durations for people.

use flyte_client::literal;

use super::NOTHING;

/// A time in UTC, to the second.
#[must_use]
pub fn moment(time: Option<&prost_types::Timestamp>) -> String {
    let second = time.map(|time| prost_types::Timestamp { seconds: time.seconds, nanos: 0 });
    second.and_then(|second| literal::datetime_text(&second)).unwrap_or_else(|| NOTHING.to_owned())
}

/// A duration in the two largest units that it has: `1h 5m`, `3m 20s`, `12s`, `1.5s`, `20ms`.
#[must_use]
pub fn duration(duration: Option<&prost_types::Duration>) -> String {
    let Some(duration) = duration else { return NOTHING.to_owned() };
    let seconds = u64::try_from(duration.seconds).unwrap_or(0);
    let nanos = u32::try_from(duration.nanos).unwrap_or(0);
    elapsed(std::time::Duration::new(seconds, nanos))
}

/// As [`duration`].
#[must_use]
pub fn elapsed(duration: std::time::Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    if days > 0 {
        format!("{days}d {}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m {}s", seconds % 60)
    } else if seconds >= 10 {
        format!("{seconds}s")
    } else if seconds > 0 {
        format!("{seconds}.{}s", millis / 100)
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        for (millis, expected) in [
            (0, "0ms"),
            (999, "999ms"),
            (1_549, "1.5s"),
            (12_900, "12s"),
            (200_000, "3m 20s"),
            (3_900_000, "1h 5m"),
            (90_000_000, "1d 1h"),
        ] {
            assert_eq!(elapsed(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn times_are_in_utc() {
        let time = prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 };
        assert_eq!(moment(Some(&time)), "2023-11-14T22:13:20Z");
        let last = prost_types::Timestamp { seconds: 253_402_300_799, nanos: 999_999_999 };
        assert_eq!(moment(Some(&last)), "9999-12-31T23:59:59Z");
        for beyond in [i64::MIN, i64::MAX, 253_402_300_800] {
            assert_eq!(moment(Some(&prost_types::Timestamp { seconds: beyond, nanos: i32::MAX })), "-");
        }
        assert_eq!(moment(None), "-");
    }
}
