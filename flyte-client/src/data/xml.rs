//! How stores refuse: S3, Google and Azure answer with a code and a message in XML.

/// The code and message of a refusal, if the text holds one.
pub(super) fn refusal(text: &str) -> Option<String> {
    let code = element(text, "Code")?;
    // Azure adds further lines with the number of the request.
    let message = element(text, "Message").and_then(|message| message.lines().next());
    Some(match message.map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{code}: {message}"),
        None => code.to_owned(),
    })
}

fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn codes_and_messages() {
        for (text, expected) in [
            (
                "<?xml version=\"1.0\"?>\n<Error>\n  <Code>NoSuchKey</Code><Message>The key.</Message></Error>",
                Some("NoSuchKey: The key."),
            ),
            (
                "<Error><Code>AuthenticationFailed</Code><Message>No.\nRequestId:1</Message></Error>",
                Some("AuthenticationFailed: No."),
            ),
            ("<Error><Code>BadDigest</Code></Error>", Some("BadDigest")),
            ("<html>no</html>", None),
            ("", None),
        ] {
            assert_eq!(refusal(text).as_deref(), expected);
        }
    }
}
