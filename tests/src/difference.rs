//! What differs between two texts that are nearly the same, such as two pages of help.

/// The lines that only one of two texts has: `-` those of the first, `+` those of the second.
#[must_use]
pub fn difference(first: impl ToString, second: impl ToString) -> String {
    let (first, second) = (first.to_string(), second.to_string());
    let only = |mark: char, of: &str, other: &str| -> String {
        let lines = of.lines().filter(|line| !other.lines().any(|found| found == *line));
        lines.map(|line| format!("{mark} {line}\n")).collect()
    };
    only('-', &first, &second) + &only('+', &second, &first)
}
