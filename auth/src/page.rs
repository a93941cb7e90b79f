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

const HEADERS: [(HeaderName, HeaderValue); 9] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONNECTION, HeaderValue::from_static("close")),
    // Other sites can neither read a page nor keep a hold of its window.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The headers of every page.
pub(super) fn headers() -> HeaderMap {
    HEADERS.into_iter().collect()
}

impl Page {
    /// The page after a sign-in at the provider's host: the plugin's, or a plain one.
    pub(super) fn success(custom: Option<String>, host: &str) -> Self {
        let plain = || {
            let signed_in = format!("{host} has signed you in.");
            plain("Signed in", &signed_in, "You can close this window and go back to the terminal.")
        };
        Self { status: StatusCode::OK, html: custom.unwrap_or_else(plain) }
    }

    /// The page after a sign-in that failed.
    pub(super) fn failure(reason: &str) -> Self {
        let html = plain("Not signed in", reason, "You can close this window and go back to the terminal.");
        Self { status: StatusCode::BAD_REQUEST, html }
    }

    /// The answer to what is not the answer that is waited for, and does not end the sign-in.
    pub(super) fn ignored(reason: &str) -> Self {
        let html = plain("Ignored", reason, "The terminal still waits for the sign-in that it began.");
        Self { status: StatusCode::BAD_REQUEST, html }
    }

    /// The answer to a request that has nothing to do with the sign-in.
    pub(super) fn stray(status: StatusCode) -> Self {
        let html = plain("Nothing here", "This address waits for a sign-in.", "You can close this window.");
        Self { status, html }
    }
}

/// Nothing but text and a style; no picture either, so that no icon is asked for.
fn plain(title: &str, first: &str, second: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center }}
main {{ max-width: 34rem; margin: 1rem; padding: 1.5rem 2rem; border: 1px solid; border-radius: 0.75rem;
  overflow-wrap: anywhere }}
h1 {{ margin: 0 0 0.5rem; font-size: 1.6rem; line-height: 1.2 }}
p {{ margin: 0.5rem 0 }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{first}</p>
<p>{second}</p>
</main>
</body>
</html>
"#,
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
        let page = Page::success(None, "<b>host</b>");
        assert!(page.html.contains("<p>&lt;b&gt;host&lt;/b&gt; has signed you in.</p>"), "{}", page.html);
    }

    #[test]
    fn a_plugin_has_the_last_word_on_success() {
        assert_eq!(Page::success(Some("<p>ours</p>".into()), "login.example").html, "<p>ours</p>");
        assert!(Page::success(None, "login.example").html.contains("login.example has signed you in"));
    }

    #[test]
    fn plain_pages_ask_for_nothing_and_can_be_read_aloud() {
        let pages = [
            Page::success(None, "host"),
            Page::failure("why"),
            Page::ignored("why"),
            Page::stray(StatusCode::NOT_FOUND),
        ];
        for Page { html, .. } in pages {
            assert!(!html.contains("http") && !html.contains("<script") && !html.contains("src="), "{html}");
            let wanted = ["<html lang=\"en\">", "<title>", "<main>", "<h1>", "color-scheme: light dark"];
            assert!(wanted.iter().all(|part| html.contains(part)), "{html}");
        }
    }
}
