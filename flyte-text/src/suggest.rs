//! "Did you mean …?": the known name that was probably meant.

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be a slip of the other.
const THRESHOLD: f64 = 0.8;

/// The known name most like `name`, if it is near enough to be a slip.
///
/// Case, `-` and `_` do not count. A number is never a slip of another number.
#[must_use]
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    similar(name, known, |known| known).into_iter().next()
}

/// The known items whose text (by `text`) is near enough to `name` to be meant, the most similar first.
///
/// As [`closest`], which returns the first of them.
#[must_use]
pub fn similar<T>(name: &str, known: impl IntoIterator<Item = T>, text: impl Fn(&T) -> &str) -> Vec<T> {
    if name.parse::<f64>().is_ok() {
        return Vec::new();
    }
    let wanted = normalized(name);
    let mut scored: Vec<(f64, T)> = known
        .into_iter()
        .map(|item| (strsim::jaro_winkler(&wanted, &normalized(text(&item))), item))
        .filter(|(score, _)| *score > THRESHOLD)
        .collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored.into_iter().map(|(_, item)| item).collect()
}

fn normalized(name: &str) -> String {
    name.to_lowercase().replace(['-', '_'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        assert_eq!(closest("output_dir", ["input-dir", "Output-Dir"]), Some("Output-Dir"));
        assert_eq!(closest("comand", ["command", "commands"]), Some("command"));
        assert_eq!(closest("image", ["retries", "timeout"]), None);
        assert_eq!(closest("image", []), None);
        assert_eq!(closest("1000", ["100", "10000"]), None);
        assert_eq!(closest("-1.5", ["1.5"]), None);
    }

    #[test]
    fn the_most_similar_comes_first() {
        assert_eq!(similar("comand", ["commands", "image", "command"], |name| name), ["command", "commands"]);
    }
}
