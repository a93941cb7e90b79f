//! What is repeated of a provider's words: safe for a terminal, short, and without what was sent to it.

use http::{Uri, header};
use oauth2::HttpRequest;

/// The longest quotation, in characters.
const LONGEST: usize = 300;

/// Fields of requests that nobody may read.
const SECRETS: [&str; 5] = ["client_secret", "code", "code_verifier", "device_code", "refresh_token"];

/// What was sent and must not be told, even if the provider repeats it.
pub(crate) struct Private(Vec<String>);

impl Private {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let fields = form_urlencoded::parse(request.body());
        let secrets = fields.filter(|(name, value)| SECRETS.contains(&name.as_ref()) && !value.is_empty());
        let mut secrets: Vec<_> = secrets.map(|(_, value)| value.into_owned()).collect();
        secrets.extend(basic_secret(request));
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            secrets
                .extend(value.and_then(|value| value.split_once(' ')).map(|(_, secret)| secret.to_owned()));
        }
        secrets.retain(|secret| !secret.is_empty());
        Self(secrets)
    }

    /// One short line, without escapes, and without what is private.
    pub(crate) fn clean(&self, text: &str) -> String {
        // Twice: what is left out for the terminal's sake could hide a secret, or be part of one.
        clean(&self.veil(&printable(&self.veil(text))))
    }

    fn veil(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "****"))
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
pub(crate) fn printable(text: &str) -> String {
    let is_shown = |letter: &char| {
        !letter.is_control() && !matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = anstream::adapter::strip_str(text).to_string();
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(is_shown).collect()
}

/// Who is asked, as a person knows them: no user, path or query.
pub(crate) fn host_of(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn what_was_sent_is_not_told_however_it_is_repeated() {
        let basic = data_encoding::BASE64.encode(b"robot:very%20secret");
        let request = Request::post("https://login.example/token")
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::PROXY_AUTHORIZATION, "Bearer of-the-proxy")
            .body(b"refresh_token=spent&scope=openid".to_vec())
            .unwrap();
        let private = Private::of(&request);
        let told = |text: &str| private.clean(text);
        assert_eq!(told("no `spent` for very secret"), "no `****` for ****");
        assert_eq!(told(&format!("authorization: Basic {basic}")), "authorization: Basic ****");
        assert_eq!(told("proxy: of-the-proxy"), "proxy: ****");
        assert_eq!(told("sp\u{1b}[1ment, sp\u{7}ent"), "****, ****");
        assert_eq!(told("openid"), "openid");
    }
}
