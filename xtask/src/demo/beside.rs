//! Two outputs of one command, shown as one: what both have, and where they part.

use std::io::IsTerminal;

/// So many lines around a difference are shown, and the others counted.
const CONTEXT: usize = 3;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line<'a> {
    Both(&'a str),
    Left(&'a str),
    Right(&'a str),
}

/// Prints `left` and `right` beside each other: `-` is on the left only, `+` on the right only.
///
/// Spaces that only align a table do not count as a difference.
pub(super) fn print(left: &str, right: &str) {
    let lines = compare(&left.lines().collect::<Vec<_>>(), &right.lines().collect::<Vec<_>>());
    let mut hidden = 0;
    for (index, line) in lines.iter().enumerate() {
        let around = &lines[index.saturating_sub(CONTEXT)..lines.len().min(index + CONTEXT + 1)];
        let is_shown = index < CONTEXT || around.iter().any(|line| !matches!(line, Line::Both(_)));
        if !is_shown {
            hidden += 1;
            continue;
        }
        print_hidden(std::mem::take(&mut hidden));
        match line {
            Line::Both(text) => println!("  {text}"),
            Line::Left(text) => print_left(text),
            Line::Right(text) => print_right(text),
        }
    }
    print_hidden(hidden);
}

/// Prints a line that belongs to the left side.
pub(super) fn print_left(text: &str) {
    println!("{}", painted(RED, &format!("- {text}")));
}

/// Prints a line that belongs to the right side.
pub(super) fn print_right(text: &str) {
    println!("{}", painted(GREEN, &format!("+ {text}")));
}

fn print_hidden(count: usize) {
    if count > 0 {
        let lines = if count == 1 { "line" } else { "lines" };
        println!("{}", painted(DIM, &format!("  ⋮ {count} more {lines}, the same on both sides")));
    }
}

fn painted(color: &str, text: &str) -> String {
    if std::env::var_os("NO_COLOR").is_some() || !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    format!("{color}{text}\x1b[0m")
}

/// The longest common subsequence. What both sides have is quoted as it stands on the right.
fn compare<'a>(left: &[&'a str], right: &[&'a str]) -> Vec<Line<'a>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_same = |l: usize, r: usize| words(left[l]) == words(right[r]);
    // `common[l][r]` is the length of the longest one of `left[l..]` and `right[r..]`.
    let mut common = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            common[l][r] = match is_same(l, r) {
                true => common[l + 1][r + 1] + 1,
                false => common[l + 1][r].max(common[l][r + 1]),
            };
        }
    }
    let (mut l, mut r) = (0, 0);
    let mut lines = Vec::new();
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() && is_same(l, r) {
            lines.push(Line::Both(right[r]));
            (l, r) = (l + 1, r + 1);
        } else if l < left.len() && (r == right.len() || common[l + 1][r] >= common[l][r + 1]) {
            lines.push(Line::Left(left[l]));
            l += 1;
        } else {
            lines.push(Line::Right(right[r]));
            r += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_and_alignment_is_none() {
        let left = ["name  value", "image  old", "end"];
        let right = ["name    value", "image    new", "cache    v1", "end"];
        let expected = [
            Line::Both("name    value"),
            Line::Left("image  old"),
            Line::Right("image    new"),
            Line::Right("cache    v1"),
            Line::Both("end"),
        ];
        assert_eq!(compare(&left, &right), expected);
        assert_eq!(compare(&[], &["a"]), [Line::Right("a")]);
        assert_eq!(compare(&["a"], &[]), [Line::Left("a")]);
    }
}
