//! The time to live in a task's tag: a proto3 JSON duration such as `3600s` or `0.5s`.

use std::time::Duration;

/// Reads a time to live. An invalid one is zero, so that no result is reused.
pub(super) fn read(text: &str) -> Duration {
    parse(text).unwrap_or_else(|| {
        log::warn!("invalid time to live `{text}`, expected a duration such as `3600s`: cached results are not reused");
        Duration::ZERO
    })
}

fn parse(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use flyte_client::register::cache::duration_to_json;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nonsense_keeps_nothing() {
        for text in ["", "s", "1", "1h", "-1s", "1.s", ".5s", "1.0000000001s", " 1s", "٣s"] {
            assert_eq!(read(text), Duration::ZERO, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_policy_writes_is_read(seconds in 0..u64::MAX, nanos in 0..1_000_000_000u32) {
            let ttl = Duration::new(seconds, nanos);
            prop_assert_eq!(parse(&duration_to_json(ttl)), Some(ttl));
        }
    }
}
