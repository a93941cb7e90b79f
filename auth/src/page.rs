//! The pages that the browser shows when it comes back from the provider.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// What the callback server answers a request with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
}

/// What a page may do: show itself. Styles and pictures may come from a company's own servers; scripts, frames and
/// forms may not come from anywhere, and nobody learns where the reader came from, since that address has the code.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline' https:; img-src data: https:; \
                      font-src data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONNECTION, "close"),
];

/// The headers of every page.
pub(super) fn headers() -> HeaderMap {
    HEADERS.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

impl Page {
    /// The page after a sign-in: the plugin's, or a plain one.
    pub(super) fn success(custom: Option<String>, endpoint: &str) -> Self {
        let plain = || {
            plain(
                "Signed in",
                &format!("You are signed in to {endpoint}."),
                "You can close this window and go back to the terminal.",
            )
        };
        Self { status: StatusCode::OK, html: custom.unwrap_or_else(plain) }
    }

    /// The page after a sign-in that failed.
    pub(super) fn failure(reason: &str) -> Self {
        let html = plain("Not signed in", reason, "The terminal says more. You can close this window.");
        Self { status: StatusCode::BAD_REQUEST, html }
    }

    /// The answer to a request that has nothing to do with the sign-in.
    pub(super) fn stray(status: StatusCode) -> Self {
        let html = plain("Nothing here", "This address waits for a sign-in.", "You can close this window.");
        Self { status, html }
    }
}

fn plain(title: &str, first: &str, second: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem; \
         color-scheme: light dark }}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{first}</p>\n<p>{second}</p>\n\
         </body>\n</html>\n",
        title = escape(title),
        first = escape(first),
        second = escape(second)
    )
}

/// Makes text of what may be markup: some of it comes from the provider.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_says_stays_text() {
        let page = Page::failure("<script>alert('&')</script>");
        assert!(page.html.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"), "{}", page.html);
    }

    #[test]
    fn a_plugin_has_the_last_word_on_success() {
        assert_eq!(Page::success(Some("<p>ours</p>".into()), "flyte.example").html, "<p>ours</p>");
        assert!(Page::success(None, "flyte.example").html.contains("signed in to flyte.example"));
    }
}
