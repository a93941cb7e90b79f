//! Times as the database keeps them: RFC 3339 in UTC with microseconds, so that they sort as text.

use jiff::Timestamp;

/// The time now.
pub(crate) fn now() -> String {
    text(Timestamp::now())
}

/// A time in the database's form.
pub(crate) fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A time of the database as messages carry it; `None` for a text that is none.
pub(crate) fn message(text: &str) -> Option<prost_types::Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    Some(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_text() {
        let early: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let late: Timestamp = "2026-01-02T03:04:05.5Z".parse().unwrap();
        assert_eq!(text(early), "2026-01-02T03:04:05.000000Z");
        assert!(text(early) < text(late));
        let back = message(&text(late)).unwrap();
        assert_eq!((back.seconds, back.nanos), (late.as_second(), 500_000_000));
    }
}
