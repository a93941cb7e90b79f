//! Text from providers and commands, made safe to show: short, sanitized, and without the secrets that were
//! sent.

use std::ops::Range;

use flyte_text::sanitize::is_terminal_control;
use http::{Uri, header};
use oauth2::HttpRequest;

/// The longest excerpt, in characters.
const MAX_EXCERPT: usize = 300;

/// Form fields that are secrets.
const SECRET_FIELDS: [&str; 5] = ["client_secret", "code", "code_verifier", "device_code", "refresh_token"];

/// Replaces secrets in text, even if terminal escapes or line breaks interrupt them.
pub(crate) struct Redactor(Vec<String>);

impl Redactor {
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).collect())
    }

    /// For the response to a request: the server may repeat what it was sent.
    pub(crate) fn for_request(request: &HttpRequest) -> Self {
        let fields = form_urlencoded::parse(request.body());
        let secrets = fields.filter(|(name, _)| SECRET_FIELDS.contains(&name.as_ref()));
        let mut secrets: Vec<_> = secrets.map(|(_, value)| value.into_owned()).collect();
        secrets.extend(basic_secret(request));
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            let credentials = value.and_then(|value| value.split_once(' '));
            secrets.extend(credentials.map(|(_, credentials)| credentials.to_owned()));
        }
        Self::new(secrets)
    }

    /// One short, sanitized line without secrets.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        excerpt(&self.redact(text))
    }

    /// The text with `****` in place of secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
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

/// The secret of a client that authenticates in the header (RFC 6749, 2.3.1).
fn basic_secret(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = data_encoding::BASE64.decode(value.as_bytes()).ok()?;
    let encoded = pair.split(|byte| *byte == b':').nth(1)?;
    let (secret, _) = form_urlencoded::parse(encoded).next()?;
    Some(secret.into_owned())
}

/// One short, sanitized line.
pub(crate) fn excerpt(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    flyte_text::excerpt(&words.join(" "), MAX_EXCERPT)
}

/// The host and port of a URL, for messages: without user, path or query.
pub(crate) fn host_of(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn secrets_of_a_request_are_redacted() {
        let basic = data_encoding::BASE64.encode(b"robot:very%20secret");
        let request = Request::post("https://login.example/token")
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::PROXY_AUTHORIZATION, "Bearer of-the-proxy")
            .body(b"refresh_token=spent&scope=openid".to_vec())
            .unwrap();
        let redactor = Redactor::for_request(&request);
        let shown = |text: &str| redactor.excerpt(text);
        assert_eq!(shown("no `spent` for very secret"), "no `****` for ****");
        assert_eq!(shown(&format!("authorization: Basic {basic}")), "authorization: Basic ****");
        assert_eq!(shown("proxy: of-the-proxy"), "proxy: ****");
        assert_eq!(shown("openid"), "openid");
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
            assert_eq!(redactor.excerpt(text), shown, "{text:?}");
        }
    }
}
