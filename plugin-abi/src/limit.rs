//! Limits of texts that cross the ABI: each is formatted into a message, and printed.

/// Longest text in bytes of an error or of a line of the log.
const MAX_TEXT: usize = 16 * 1024;

/// Most causes or hints of an error.
const MAX_TEXTS: usize = 64;

/// The start of a text, with the size of the rest if it is too long.
#[must_use]
pub fn limit_text(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let end = (0..=MAX_TEXT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    format!("{}… {} more", &text[..end], size(text.len() - end))
}

/// The first of several texts, each limited, with the number of the others if they are too many.
pub(crate) fn limit_texts<T: AsRef<str>>(texts: &[T]) -> Vec<String> {
    let mut limited: Vec<String> =
        texts.iter().take(MAX_TEXTS).map(|text| limit_text(text.as_ref())).collect();
    if let Some(others) = texts.len().checked_sub(MAX_TEXTS).filter(|&others| others > 0) {
        limited.push(format!("… {others} more"));
    }
    limited
}

fn size(bytes: usize) -> String {
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PluginError;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let fits = "x".repeat(MAX_TEXT);
        assert_eq!(limit_text(&fits), fits);
        assert_eq!(limit_text(&format!("{fits}yz")), format!("{fits}… 2 bytes more"));
        let (cut, accent) = (&fits[1..], "é");
        assert_eq!(limit_text(&format!("{cut}{accent}{fits}")), format!("{cut}… 16 kB more"));
        assert_eq!(limit_text(&"x".repeat(MAX_TEXT + 314_572_991)), format!("{fits}… 314 MB more"));
    }

    #[test]
    fn the_texts_of_an_error_are_cut_where_it_crosses() {
        let long = "x".repeat(MAX_TEXT + 5);
        let error = PluginError::new(&long).with_causes(vec![&long; MAX_TEXTS + 1]).hint(&long);
        let crossed = PluginError::from_raw(&error.into_raw());
        let cut = limit_text(&long);
        assert_eq!((crossed.message(), crossed.hints()), (cut.as_str(), &[cut.clone()][..]));
        assert_eq!(crossed.causes()[MAX_TEXTS - 1..], [cut, "… 1 more".to_owned()]);
    }

    #[test]
    fn of_many_texts_the_first_stay() {
        let texts = vec!["cause"; MAX_TEXTS];
        assert_eq!(limit_texts(&texts), texts);
        let more = vec!["cause"; MAX_TEXTS + 2];
        assert_eq!(limit_texts(&more)[MAX_TEXTS - 1..], ["cause", "… 2 more"]);
    }
}
