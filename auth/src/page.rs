//! The pages of the callback server.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// A response of the callback server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
}

/// Pages may load styles, pictures and fonts over HTTPS, but no scripts, frames or forms. The referrer is
/// suppressed, since the URL contains the code.
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
    // Other sites can neither read the page nor control its window.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The headers of every page.
pub(super) fn headers() -> HeaderMap {
    HEADERS.into_iter().collect()
}

impl Page {
    /// The page after a successful sign-in: the plugin's, or the built-in one.
    pub(super) fn success(custom: Option<String>, host: &str) -> Self {
        let built_in = || {
            let signed_in = format!("{host} has signed you in.");
            render("Signed in", &signed_in, "You can close this window and go back to the terminal.")
        };
        Self { status: StatusCode::OK, html: custom.unwrap_or_else(built_in) }
    }

    /// The page after a sign-in that failed.
    pub(super) fn failure(reason: &str) -> Self {
        let html = render("Not signed in", reason, "You can close this window and go back to the terminal.");
        Self { status: StatusCode::BAD_REQUEST, html }
    }

    /// The page for an invalid callback, which does not end the sign-in.
    pub(super) fn rejected(reason: &str) -> Self {
        let html = render("Ignored", reason, "The terminal is still waiting for its own sign-in.");
        Self { status: StatusCode::BAD_REQUEST, html }
    }

    /// The page for requests that are not callbacks.
    pub(super) fn not_found(status: StatusCode) -> Self {
        let html = render("Not found", "This server waits for a sign-in.", "You can close this window.");
        Self { status, html }
    }
}

/// Text and a style; the empty icon prevents a request for one.
fn render(title: &str, first: &str, second: &str) -> String {
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

/// Escapes text for HTML: some of it comes from the provider.
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
    fn text_of_the_provider_is_escaped() {
        let page = Page::failure("<script>alert('&')</script>");
        assert!(page.html.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"), "{}", page.html);
        let page = Page::success(None, "<b>host</b>");
        assert!(page.html.contains("<p>&lt;b&gt;host&lt;/b&gt; has signed you in.</p>"), "{}", page.html);
    }

    #[test]
    fn a_plugins_page_replaces_the_built_in_one() {
        assert_eq!(Page::success(Some("<p>ours</p>".into()), "login.example").html, "<p>ours</p>");
        assert!(Page::success(None, "login.example").html.contains("login.example has signed you in"));
    }

    #[test]
    fn built_in_pages_load_nothing_and_are_accessible() {
        let pages = [
            Page::success(None, "host"),
            Page::failure("why"),
            Page::rejected("why"),
            Page::not_found(StatusCode::NOT_FOUND),
        ];
        for Page { html, .. } in pages {
            assert!(!html.contains("http") && !html.contains("<script") && !html.contains("src="), "{html}");
            let wanted = ["<html lang=\"en\">", "<title>", "<main>", "<h1>", "color-scheme: light dark"];
            assert!(wanted.iter().all(|part| html.contains(part)), "{html}");
        }
    }
}
