//! The name that was meant, when there is none of the name that was written.

/// The name most like another, if it is near enough to be a slip: case, `-` and `_` do not count. Numbers have none.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Another number is no slip of this one.
    if name.parse::<f64>().is_ok() {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let wanted = plain(name);
    let likeness = |candidate: &'a str| (strsim::jaro_winkler(&wanted, &plain(candidate)), candidate);
    let best = known.into_iter().map(likeness).max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|&(likeness, _)| likeness > 0.8).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        assert_eq!(nearest("output_dir", ["input-dir", "Output-Dir"]), Some("Output-Dir"));
        assert_eq!(nearest("comand", ["command", "commands"]), Some("command"));
        assert_eq!(nearest("image", ["retries", "timeout"]), None);
        assert_eq!(nearest("image", []), None);
        assert_eq!(nearest("1000", ["100", "10000"]), None);
        assert_eq!(nearest("-1.5", ["1.5"]), None);
    }
}
