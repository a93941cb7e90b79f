//! Text from providers and commands, made safe to show: short, sanitized, and without the secrets that were
//! sent.

use flyte_text::Redactor;
use http::{Uri, header};
use oauth2::HttpRequest;

/// The longest excerpt, in characters.
pub(crate) const MAX_EXCERPT: usize = 300;

/// Form fields that are secrets.
const SECRET_FIELDS: [&str; 5] = ["client_secret", "code", "code_verifier", "device_code", "refresh_token"];

/// Redacts the response to a request: the server may repeat what it was sent.
pub(crate) fn redactor_for(request: &HttpRequest) -> Redactor {
    let fields = form_urlencoded::parse(request.body());
    let secrets = fields.filter(|(name, _)| SECRET_FIELDS.contains(&name.as_ref()));
    let mut secrets: Vec<_> = secrets.map(|(_, value)| value.into_owned()).collect();
    secrets.extend(basic_secret(request));
    for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        let credentials = value.and_then(|value| value.split_once(' '));
        secrets.extend(credentials.map(|(_, credentials)| credentials.to_owned()));
    }
    Redactor::new(secrets)
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
    Redactor::default().excerpt(text, MAX_EXCERPT)
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
        let redactor = redactor_for(&request);
        let shown = |text: &str| redactor.excerpt(text, MAX_EXCERPT);
        assert_eq!(shown("no `spent` for very secret"), "no `****` for ****");
        assert_eq!(shown(&format!("authorization: Basic {basic}")), "authorization: Basic ****");
        assert_eq!(shown("proxy: of-the-proxy"), "proxy: ****");
        assert_eq!(shown("openid"), "openid");
    }
}
