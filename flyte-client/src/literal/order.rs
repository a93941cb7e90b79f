//! The order in which people count: `o2` before `o10`.

use std::cmp::Ordering;

/// Compares names: numbers within them by their value, the rest letter by letter.
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while !rest_a.is_empty() && !rest_b.is_empty() {
        let (part_a, after_a) = part(rest_a);
        let (part_b, after_b) = part(rest_b);
        let order = match (number(part_a), number(part_b)) {
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => part_a.cmp(part_b),
        };
        if order.is_ne() {
            return order;
        }
        (rest_a, rest_b) = (after_a, after_b);
    }
    // `o1` and `o01` are not the same.
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// Splits after the digits, or after the letters, that a text begins with.
fn part(text: &str) -> (&str, &str) {
    let is_number = text.starts_with(|letter: char| letter.is_ascii_digit());
    let end = text.find(|letter: char| letter.is_ascii_digit() != is_number);
    text.split_at(end.unwrap_or(text.len()))
}

/// The digits that count.
fn number(part: &str) -> Option<&str> {
    part.starts_with(|letter: char| letter.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_their_value() {
        let mut names =
            ["o10", "o2", "b", "o1", "o0", "", "o01", "o", "a1b10", "a1b9", "7", "10", "\u{e4}", "o1x"];
        names.sort_by(|a, b| natural_order(a, b));
        let expected =
            ["", "7", "10", "a1b9", "a1b10", "b", "o", "o0", "o01", "o1", "o1x", "o2", "o10", "\u{e4}"];
        assert_eq!(names, expected);
    }
}
