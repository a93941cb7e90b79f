//! Sizes for people.

/// A number of bytes in the largest binary unit that it has, to a tenth: `12 bytes`, `20 MiB`, `20.5 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((name, unit)) = UNITS.into_iter().find(|(_, unit)| bytes >= *unit) else {
        return format!("{bytes} bytes");
    };
    let (whole, tenths) = (bytes / unit, bytes % unit * 10 / unit);
    if tenths == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenths} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let shown = [12, 1 << 10, 20 << 20, (20 << 20) + (1 << 19), 3 << 30, (3 << 30) - 1].map(size);
        assert_eq!(shown, ["12 bytes", "1 KiB", "20 MiB", "20.5 MiB", "3 GiB", "2.9 GiB"]);
    }
}
