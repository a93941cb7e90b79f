//! What of a foreign text may reach a terminal: tasks, servers, files and plugins choose texts that are printed for people, and
//! a terminal acts on some characters instead of showing them.
//!
//! The rule: text for people shows such characters escaped (`\u{1b}`, `\r`), wherever it goes; `cli::output`, `cli::report`,
//! `cli::progress` and `cli::logger` see to it. JSON has them as `\u001b`, YAML as it escapes them; files that are fetched and
//! what a plugin's command writes stay as they are.

use std::{borrow::Cow, fmt::Write as _};

/// Whether a terminal acts on a character, or reorders the line, instead of showing it: C0 and C1 controls, line and
/// paragraph separators, and the controls of bidirectional text.
#[must_use]
pub fn deceives(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether something in a text [`deceives`], the ends of its lines and tabs apart.
#[must_use]
pub fn has_deceiving(text: &str) -> bool {
    text.contains(|letter| deceives(letter) && !matches!(letter, '\n' | '\t'))
}

/// A text in one line, with all that [`deceives`] escaped.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_, _| None)
}

/// A text of any number of lines: as [`line()`], but for tabs and the ends of lines, of which Windows' lose their `\r`.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, rest| match letter {
        '\n' | '\t' => Some(1),
        '\r' if rest[1..].starts_with('\n') => Some(0),
        _ => None,
    })
}

/// A text of several lines that has our own colours in it: as [`text()`], but for colours and weights of letters (SGR).
#[must_use]
pub fn styled(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, rest| match letter {
        '\n' | '\t' => Some(1),
        '\u{1b}' => sgr_length(rest),
        _ => None,
    })
}

/// JSON with the characters escaped that JSON may have as they are; the data stays the same.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let needs_escape = |letter: char| letter > '\u{7e}' && deceives(letter);
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match needs_escape(letter) {
            true => drop(write!(shown, "\\u{:04x}", u32::from(letter))),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// `keep` says how many bytes at a character that deceives stay as they are; with 0 it is left out.
fn escaped(text: &str, keep: impl Fn(char, &str) -> Option<usize>) -> Cow<'_, str> {
    let Some(first) = text.find(deceives) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(letter) = rest.chars().next() {
        let length = letter.len_utf8();
        match keep(letter, rest).filter(|_| deceives(letter)) {
            Some(kept) => {
                shown.push_str(&rest[..kept]);
                rest = &rest[kept.max(length)..];
                continue;
            }
            None if deceives(letter) => shown.extend(letter.escape_default()),
            None => shown.push(letter),
        }
        rest = &rest[length..];
    }
    Cow::Owned(shown)
}

/// The length of the sequence for a colour that a text begins with, such as `\u{1b}[1;31m`.
fn sgr_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What deceives, and what is shown of it.
    const DECEIVING: [(char, &str); 18] = [
        ('\0', r"\u{0}"),
        ('\u{7}', r"\u{7}"),
        ('\u{8}', r"\u{8}"),
        ('\u{b}', r"\u{b}"),
        ('\r', r"\r"),
        ('\u{1b}', r"\u{1b}"),
        ('\u{7f}', r"\u{7f}"),
        ('\u{80}', r"\u{80}"),
        ('\u{85}', r"\u{85}"),
        ('\u{9b}', r"\u{9b}"),
        ('\u{9f}', r"\u{9f}"),
        ('\u{2028}', r"\u{2028}"),
        ('\u{2029}', r"\u{2029}"),
        ('\u{202a}', r"\u{202a}"),
        ('\u{202e}', r"\u{202e}"),
        ('\u{2066}', r"\u{2066}"),
        ('\u{2067}', r"\u{2067}"),
        ('\u{2069}', r"\u{2069}"),
    ];

    #[test]
    fn what_deceives_is_seen() {
        for (letter, shown) in DECEIVING {
            let (given, expected) = (format!("a{letter}b{letter}[2Jc"), format!("a{shown}b{shown}[2Jc"));
            for printable in [line, text, styled] {
                assert_eq!(printable(&given), expected);
            }
        }
        for plain in ["", "a b", "\u{e4}\u{1f600}\u{5d0}\u{ad}", "\\u{1b}"] {
            for printable in [line, text, styled, json] {
                assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
            }
        }
    }

    #[test]
    fn lines_end_where_they_may() {
        assert_eq!(line("a\tb\r\nc"), r"a\tb\r\nc");
        assert_eq!(text("a\tb\r\nc\rd\r"), "a\tb\nc\\rd\\r");
    }

    #[test]
    fn only_colours_stay_in_our_own_texts() {
        assert_eq!(styled("\u{1b}[1;31merror\u{1b}[0m\u{1b}[m"), "\u{1b}[1;31merror\u{1b}[0m\u{1b}[m");
        assert_eq!(styled("\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}[1"), r"\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}[1");
    }

    #[test]
    fn json_holds_the_same_data() {
        for (letter, _) in DECEIVING {
            let data = serde_json::json!({ format!("k{letter}"): format!("{letter}[2J") });
            let written = data.to_string();
            let text = json(&written);
            assert!(!text.contains(deceives), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), data);
        }
    }
}
