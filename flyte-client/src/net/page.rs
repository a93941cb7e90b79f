//! Excerpts of responses that are not Flyte's: the title of a web page, or the first line of a text.

use flyte_text::Redactor;

/// The longest quotation, in characters.
const LONGEST: usize = 160;

/// What to quote of a body, if it has anything to quote. The body may repeat secrets of the request.
pub(crate) fn quote(content_type: Option<&str>, body: &[u8], redactor: &Redactor) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let is_page = is_page(content_type, body);
    let words =
        if is_page { between(&text, "title").or_else(|| between(&text, "h1"))? } else { text.into_owned() };
    let line = words.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = if is_page { without_entities(line) } else { line.to_owned() };
    Some(redactor.excerpt(&line, LONGEST))
}

/// Whether a body is a web page, by its type or its first letters.
pub(crate) fn is_page(content_type: Option<&str>, body: &[u8]) -> bool {
    let begins = |with: &str| {
        body.trim_ascii_start()
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    is_html(content_type) || begins("<!doctype html") || begins("<html")
}

/// Whether a content type is that of a web page.
pub(crate) fn is_html(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|text| {
        let kind = text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase();
        matches!(kind.as_str(), "text/html" | "application/xhtml+xml")
    })
}

/// The text of the first element of a kind.
fn between(page: &str, element: &str) -> Option<String> {
    // Only ASCII is lowered, so that both texts have the same places.
    let lower = page.to_ascii_lowercase();
    let open = lower.find(&format!("<{element}"))?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{element}"))?;
    let text = page[start..end].trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn without_entities(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(content_type: Option<&str>, body: &[u8]) -> Option<String> {
        super::quote(content_type, body, &Redactor::new(["s3cret-token".to_owned()]))
    }

    #[test]
    fn the_title_of_a_page_is_quoted() {
        let page = b"<!DOCTYPE html>\n<html><head><TITLE lang=en>\n 502 Bad &amp; Gateway</TITLE></head>";
        assert_eq!(quote(Some("text/html; charset=utf-8"), page).as_deref(), Some("502 Bad & Gateway"));
        assert_eq!(quote(None, page).as_deref(), Some("502 Bad & Gateway"));
        let without = b"<html><body><h1>Forbidden</h1></body>";
        assert_eq!(quote(Some("text/html"), without).as_deref(), Some("Forbidden"));
        assert_eq!(quote(Some("text/html"), b"<html>"), None);
    }

    #[test]
    fn the_first_line_of_a_text_is_quoted() {
        assert_eq!(
            quote(Some("text/plain"), b"\n upstream\x1b down \nmore").as_deref(),
            Some(r"upstream\u{1b} down")
        );
        assert_eq!(quote(None, b""), None);
    }

    #[test]
    fn a_secret_is_redacted_before_the_cut() {
        let start = "x".repeat(LONGEST - 6);
        for page in [format!("<html><title>{start}s3cret-token</title>"), format!("{start}s3cret-token")] {
            assert_eq!(quote(None, page.as_bytes()), Some(format!("{start}****")));
            let page = page.replace("s3cret-token", "xxxx s3cret-token");
            assert_eq!(quote(None, page.as_bytes()), Some(format!("{start}xxxx *…")));
        }
    }
}
