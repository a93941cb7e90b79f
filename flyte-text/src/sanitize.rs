//! Foreign text made safe for a terminal: tasks, servers, files and plugins choose texts that are printed for
//! people, and a terminal acts on some characters instead of showing them.
//!
//! The rule: text for people shows such characters escaped (`\u{1b}`, `\r`), wherever it goes. JSON has them
//! as `\u001b`, YAML as it escapes them; files that are fetched and what a plugin's command writes stay as
//! they are.

use std::borrow::Cow;

/// Whether a terminal acts on a character, or reorders the line, instead of showing it: C0 and C1 controls,
/// line and paragraph separators, and the controls of bidirectional text.
#[must_use]
pub fn is_terminal_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text has a terminal control other than a tab or the end of a line.
#[must_use]
pub fn has_terminal_controls(text: &str) -> bool {
    text.contains(|letter| is_terminal_control(letter) && !matches!(letter, '\n' | '\t'))
}

/// A text as one line, with every terminal control escaped ([`is_terminal_control`]).
#[must_use]
pub fn sanitize_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_, _| None)
}

/// A text of any number of lines: as [`sanitize_line`], but tabs and line ends stay; `\r\n` becomes `\n`.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, rest| match letter {
        '\n' | '\t' => Some(1),
        '\r' if rest[1..].starts_with('\n') => Some(0),
        _ => None,
    })
}

/// As [`sanitize`], but ANSI colours and weights (SGR sequences) stay: for texts with flyte-host's own
/// colours in them.
#[must_use]
pub fn sanitize_styled(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, rest| match letter {
        '\n' | '\t' => Some(1),
        '\u{1b}' => sgr_length(rest),
        _ => None,
    })
}

/// JSON with the terminal controls escaped that JSON allows in a string; it parses to the same data.
#[must_use]
pub fn sanitize_json(text: &str) -> Cow<'_, str> {
    let needs_escape = |letter: char| letter > '\u{7e}' && is_terminal_control(letter);
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if needs_escape(letter) {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// The start of a text in one line, as [`sanitize_line`], with `…` where more than `max` characters were cut
/// off.
#[must_use]
pub fn excerpt(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", sanitize_line(&text[..end])),
        None => sanitize_line(text).into_owned(),
    }
}

/// `keep` says how many bytes of a terminal control stay as they are; 0 leaves it out.
fn escaped(text: &str, keep: impl Fn(char, &str) -> Option<usize>) -> Cow<'_, str> {
    let Some(first) = text.find(is_terminal_control) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(letter) = rest.chars().next() {
        let length = letter.len_utf8();
        match keep(letter, rest).filter(|_| is_terminal_control(letter)) {
            Some(kept) => {
                shown.push_str(&rest[..kept]);
                rest = &rest[kept.max(length)..];
                continue;
            }
            None if is_terminal_control(letter) => shown.extend(letter.escape_default()),
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

    /// Terminal controls, and how they are shown.
    const CONTROLS: [(char, &str); 18] = [
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
    fn terminal_controls_are_escaped() {
        for (letter, shown) in CONTROLS {
            let (given, expected) = (format!("a{letter}b{letter}[2Jc"), format!("a{shown}b{shown}[2Jc"));
            for sanitize in [sanitize_line, sanitize, sanitize_styled] {
                assert_eq!(sanitize(&given), expected);
            }
        }
        for plain in ["", "a b", "\u{e4}\u{1f600}\u{5d0}\u{ad}", "\\u{1b}"] {
            for sanitize in [sanitize_line, sanitize, sanitize_styled, sanitize_json] {
                assert!(matches!(sanitize(plain), Cow::Borrowed(same) if same == plain));
            }
        }
    }

    #[test]
    fn lines_end_where_they_may() {
        assert_eq!(sanitize_line("a\tb\r\nc"), r"a\tb\r\nc");
        assert_eq!(sanitize("a\tb\r\nc\rd\r"), "a\tb\nc\\rd\\r");
    }

    #[test]
    fn only_colours_stay_in_our_own_texts() {
        assert_eq!(
            sanitize_styled("\u{1b}[1;31merror\u{1b}[0m\u{1b}[m"),
            "\u{1b}[1;31merror\u{1b}[0m\u{1b}[m"
        );
        assert_eq!(sanitize_styled("\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}[1"), r"\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}[1");
    }

    #[test]
    fn an_excerpt_is_short_and_one_line() {
        assert_eq!(excerpt("a\nbc", 4), r"a\nbc");
        assert_eq!(excerpt("äöü", 2), "äö…");
    }

    #[test]
    fn json_holds_the_same_data() {
        for (letter, _) in CONTROLS {
            let data = serde_json::json!({ format!("k{letter}"): format!("{letter}[2J") });
            let written = data.to_string();
            let text = sanitize_json(&written);
            assert!(!text.contains(is_terminal_control), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), data);
        }
    }
}
