//! Times as the database keeps them: RFC 3339 in UTC with microseconds, so that they sort as text.

use jiff::Timestamp;

/// The time now.
pub(crate) fn now_text() -> String {
    to_text(Timestamp::now())
}

/// A time in the database's form.
pub(crate) fn to_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A time of the database as a message; `None` if it is invalid.
pub(crate) fn message_from_text(text: &str) -> Option<prost_types::Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    Some(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

/// A time as messages carry it.
pub(crate) fn to_message(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// A message's time in the database's form.
pub(crate) fn text_from_message(time: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(time.seconds, time.nanos).ok().map(to_text)
}

/// The time since `start`; zero if that is in the future.
pub(crate) fn since(start: &prost_types::Timestamp, now: Timestamp) -> prost_types::Duration {
    let start = Timestamp::new(start.seconds, start.nanos).unwrap_or(now);
    let passed = std::time::Duration::try_from(now.duration_since(start)).unwrap_or_default();
    prost_types::Duration::try_from(passed).unwrap_or_default()
}

/// A message's duration in nanoseconds.
pub(crate) fn nanoseconds(duration: Option<&prost_types::Duration>) -> i64 {
    duration.map_or(0, |duration| {
        duration.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(duration.nanos))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_text() {
        let early: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let late: Timestamp = "2026-01-02T03:04:05.5Z".parse().unwrap();
        assert_eq!(to_text(early), "2026-01-02T03:04:05.000000Z");
        assert!(to_text(early) < to_text(late));
        let back = message_from_text(&to_text(late)).unwrap();
        assert_eq!((back.seconds, back.nanos), (late.as_second(), 500_000_000));
    }
}
