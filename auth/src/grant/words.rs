//! What is repeated of a provider's words: safe for a terminal, short, and without what was sent to it.

use http::{Uri, header};
use oauth2::HttpRequest;

/// The longest quotation, in characters.
const LONGEST: usize = 300;

/// Fields of requests that nobody may read.
const SECRETS: [&str; 5] = ["client_secret", "code", "code_verifier", "device_code", "refresh_token"];

/// What was sent and must not be told, even if the provider repeats it.
pub(super) struct Private(Vec<String>);

impl Private {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let fields = form_urlencoded::parse(request.body());
        let secrets = fields.filter(|(name, value)| SECRETS.contains(&name.as_ref()) && !value.is_empty());
        let mut secrets: Vec<_> = secrets.map(|(_, value)| value.into_owned()).collect();
        secrets.extend(basic_secret(request));
        Self(secrets)
    }

    /// One short line, without escapes, and without what is private.
    pub(super) fn clean(&self, text: &str) -> String {
        let text = self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "****"));
        clean(&text)
    }
}

/// The secret of a client that names itself in the header (RFC 6749, 2.3.1).
fn basic_secret(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = data_encoding::BASE64.decode(value.as_bytes()).ok()?;
    let encoded = pair.split(|byte| *byte == b':').nth(1)?;
    let (secret, _) = form_urlencoded::parse(encoded).next()?;
    Some(secret.into_owned())
}

/// One short line that is safe to show.
pub(crate) fn clean(text: &str) -> String {
    let line = printable(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// One line without escapes, and without letters that turn others around.
pub(super) fn printable(text: &str) -> String {
    let is_shown = |letter: &char| {
        !letter.is_control() && !matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = anstream::adapter::strip_str(text).to_string();
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(is_shown).collect()
}

/// Who is asked, as a person knows them: no user, path or query.
pub(super) fn host_of(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
