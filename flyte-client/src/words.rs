//! Times and sizes for people.

use std::time::Duration;

/// `300 ms`, `1.5 s`, `10 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    match duration {
        _ if duration < Duration::from_secs(1) => format!("{} ms", duration.as_millis()),
        _ if tenths.is_multiple_of(10) => format!("{} s", tenths / 10),
        _ => format!("{}.{} s", tenths / 10, tenths % 10),
    }
}

/// `12 bytes`, `20 MiB`.
#[cfg(any(feature = "grpc", test))]
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => {
            let tenths = bytes / (unit / 10).max(1);
            match tenths.is_multiple_of(10) {
                true => format!("{} {name}", tenths / 10),
                false => format!("{}.{} {name}", tenths / 10, tenths % 10),
            }
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let shown = |milliseconds| duration(Duration::from_millis(milliseconds));
        assert_eq!(
            [0, 300, 999, 1_000, 1_540, 10_020].map(shown),
            ["0 ms", "300 ms", "999 ms", "1 s", "1.5 s", "10 s"]
        );
    }

    #[test]
    fn sizes() {
        let shown = [12, 1 << 10, 20 << 20, (20 << 20) + (1 << 19), 3 << 30].map(size);
        assert_eq!(shown, ["12 bytes", "1 KiB", "20 MiB", "20.5 MiB", "3 GiB"]);
    }
}
