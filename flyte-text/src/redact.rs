//! Texts without the secrets that were sent: a server, proxy or command may repeat them.

use std::ops::Range;

use crate::sanitize::is_terminal_control;

/// Replaces secrets in text, even if terminal escapes interrupt them.
#[derive(Clone, Default)]
pub struct Redactor(Vec<String>);

impl Redactor {
    /// Redacts these secrets; empty ones are left out.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).collect())
    }

    /// The start of a text in one sanitized line without secrets, at most `max` characters long, with `…` if
    /// it was cut. Secrets are replaced before, so that no part of one is left.
    #[must_use]
    pub fn excerpt(&self, text: &str, max: usize) -> String {
        let redacted = self.redact(text);
        let words: Vec<_> = redacted.split_whitespace().collect();
        crate::excerpt(&words.join(" "), max)
    }

    /// The text with `****` in place of secrets.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let visible = Visible::new(text);
        let mut ranges: Vec<_> = self.0.iter().flat_map(|secret| visible.find(secret)).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let (mut redacted, mut end) = (String::with_capacity(text.len()), 0);
        for range in ranges {
            if range.start >= end {
                redacted += &text[end..range.start];
                redacted += "****";
            }
            end = end.max(range.end);
        }
        redacted + &text[end..]
    }
}

/// The characters of a text that a reader sees, with their places in it. Terminal controls and escape
/// sequences are left out, whether raw or already escaped (`\u{1b}`), and white space is one space.
struct Visible(Vec<(Range<usize>, char)>);

impl Visible {
    fn new(text: &str) -> Self {
        let (mut raw, mut places, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
        while let Some((letter, length)) = unescape(&text[at..]) {
            places.push((raw.len(), at..at + length));
            raw.push(letter);
            at += length;
        }
        let start = raw.as_ptr() as usize;
        let parts = anstream::adapter::strip_str(&raw).map(|part| {
            let start = part.as_ptr() as usize - start;
            start..start + part.len()
        });
        let mut parts = parts.peekable();
        let mut visible: Vec<(Range<usize>, char)> = Vec::new();
        for ((offset, place), letter) in places.into_iter().zip(raw.chars()) {
            while parts.next_if(|part| part.end <= offset).is_some() {}
            let is_stripped = parts.peek().is_none_or(|part| offset < part.start);
            let letter = if letter.is_whitespace() { ' ' } else { letter };
            let is_repeated_space = letter == ' ' && visible.last().is_some_and(|(_, last)| *last == ' ');
            if !is_stripped && !is_terminal_control(letter) && !is_repeated_space {
                visible.push((place, letter));
            }
        }
        Self(visible)
    }

    /// Where the text has a secret, as ranges of bytes.
    fn find(&self, secret: &str) -> Vec<Range<usize>> {
        let secret: Vec<char> = Self::new(secret).0.into_iter().map(|(_, letter)| letter).collect();
        if secret.is_empty() {
            return Vec::new();
        }
        let windows = self.0.windows(secret.len());
        let found = windows.filter(|window| window.iter().map(|(_, letter)| letter).eq(&secret));
        found.map(|window| window[0].0.start..window[window.len() - 1].0.end).collect()
    }
}

/// The first character of a text and its length in bytes; `\u{1b}` is one character.
fn unescape(text: &str) -> Option<(char, usize)> {
    let escaped = text.strip_prefix("\\u{").and_then(|rest| rest.split_once('}'));
    let escaped = escaped.and_then(|(hex, _)| {
        let letter = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
        is_terminal_control(letter).then_some((letter, hex.len() + 4))
    });
    escaped.or_else(|| text.chars().next().map(|letter| (letter, letter.len_utf8())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_left_at_the_cut() {
        let redactor = Redactor::new(["0123456789".to_owned()]);
        let text = format!("{}0123456789 and more", "x".repeat(15));
        assert_eq!(redactor.excerpt(&text, 20), format!("{}**** …", "x".repeat(15)));
        assert_eq!(redactor.excerpt("a\n  b", 20), "a b");
    }

    #[test]
    fn secrets_are_redacted_even_if_they_are_interrupted() {
        let redactor = Redactor::new(["spent".to_owned(), "very secret".to_owned(), "pent!".to_owned()]);
        for (text, shown) in [
            ("sp\u{1b}[1ment, sp\u{7}ent", "****, ****"),
            ("sp\\u{1b}[1ment, sp\\u{7}ent", "****, ****"),
            ("a\u{1b}[1mspent\u{1b}[0m", r"a\u{1b}[1m****\u{1b}[0m"),
            ("very\r\n \tsecret", "****"),
            ("s\u{202e}pent", "****"),
            ("spent!", "****"),
            ("spen t", "spen t"),
        ] {
            assert_eq!(redactor.excerpt(text, 300), shown, "{text:?}");
        }
    }
}
