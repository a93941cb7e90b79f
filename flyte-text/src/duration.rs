//! Durations for people.

use std::time::Duration;

/// A duration in the two largest units that it has: `1d 3h`, `1h 5m`, `3m 20s`, `12s`, `1.5s`, `20ms`.
///
/// The rest is cut off, not rounded, so that a time that has not passed yet is never shown. A second unit of
/// zero is left out: `1h`, not `1h 0m`. Below ten seconds the second unit is a tenth of a second.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let (seconds, tenths) = (duration.as_secs(), duration.subsec_millis() / 100);
    let units = |large: u64, first: char, small: u64, second: char| match small {
        0 => format!("{large}{first}"),
        _ => format!("{large}{first} {small}{second}"),
    };
    match seconds {
        0 => format!("{}ms", duration.subsec_millis()),
        1..10 if tenths > 0 => format!("{seconds}.{tenths}s"),
        1..60 => format!("{seconds}s"),
        60..3_600 => units(seconds / 60, 'm', seconds % 60, 's'),
        3_600..86_400 => units(seconds / 3_600, 'h', seconds / 60 % 60, 'm'),
        _ => units(seconds / 86_400, 'd', seconds / 3_600 % 24, 'h'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_at_most() {
        for (millis, expected) in [
            (0, "0ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_549, "1.5s"),
            (12_900, "12s"),
            (60_000, "1m"),
            (200_000, "3m 20s"),
            (3_659_000, "1h"),
            (3_900_000, "1h 5m"),
            (90_000_000, "1d 1h"),
            (864_000_000, "10d"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }
}
