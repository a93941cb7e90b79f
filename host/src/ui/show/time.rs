//! Times and durations for people.

use flyte_client::literal;

use super::NOTHING;

/// A time in UTC, to the second.
#[must_use]
pub(crate) fn moment(time: Option<&prost_types::Timestamp>) -> String {
    let second = time.map(|time| prost_types::Timestamp { seconds: time.seconds, nanos: 0 });
    second.and_then(|second| literal::datetime_text(&second)).unwrap_or_else(|| NOTHING.to_owned())
}

/// A message's duration as [`flyte_text::duration()`]; negative ones count as zero.
#[must_use]
pub(crate) fn duration(duration: Option<&prost_types::Duration>) -> String {
    let Some(duration) = duration else { return NOTHING.to_owned() };
    let seconds = u64::try_from(duration.seconds).unwrap_or(0);
    let nanos = u32::try_from(duration.nanos).unwrap_or(0);
    flyte_text::duration(std::time::Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

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
