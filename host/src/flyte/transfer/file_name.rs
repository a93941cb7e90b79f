//! Local file names for names that come from a server.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// A name that cannot leave its folder.
#[must_use]
pub(crate) fn safe_name(name: &str) -> String {
    let safe_name: String = name.chars().map(|c| if is_unsafe(c) { '-' } else { c }).collect();
    if safe_name.trim_matches('.').is_empty() { format!("_{safe_name}") } else { safe_name }
}

/// Path separators, and characters that are invalid in file names.
fn is_unsafe(c: char) -> bool {
    matches!(c, '/' | '\\' | '\0') || cfg!(windows) && matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// A path below a folder, from the segments of a name.
pub(super) fn path_below(folder: &Path, name: &str) -> PathBuf {
    name.split('/')
        .filter(|segment| !segment.is_empty())
        .map(safe_name)
        .fold(folder.to_owned(), |path, segment| path.join(segment))
}

/// The last segment of a URI, decoded for `http` and `https`.
pub(super) fn from_uri(uri: &str) -> String {
    let is_web = uri.starts_with("http://") || uri.starts_with("https://");
    let path = if is_web { uri.split(['?', '#']).next().unwrap_or(uri) } else { uri };
    let after_place =
        path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, key)| key));
    let name = after_place.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name =
        if is_web { percent_decode_str(name).decode_utf8_lossy().into_owned() } else { name.to_owned() };
    safe_name(if name.is_empty() { "data" } else { &name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for (name, expected) in [("o0", "o0"), ("../x", "..-x"), ("..", "_.."), ("", "_"), ("a/b", "a-b")] {
            assert_eq!(safe_name(name), expected);
        }
        for (name, expected) in [
            ("a/b.txt", "out/a/b.txt"),
            ("../../etc/passwd", "out/_../_../etc/passwd"),
            ("/etc//passwd", "out/etc/passwd"),
            ("./x", "out/_./x"),
            ("a\\..\\x", "out/a-..-x"),
        ] {
            assert_eq!(path_below(Path::new("out"), name), Path::new(expected), "{name}");
        }
    }

    #[test]
    fn a_file_keeps_its_name() {
        for (uri, expected) in [
            ("s3://bucket/a/out.txt", "out.txt"),
            ("s3://bucket/a/50%25 off #1?.csv", "50%25 off #1?.csv"),
            ("s3://bucket/a/folder/", "folder"),
            ("s3://bucket", "data"),
            ("s3://bucket/a/..", "_.."),
            ("/sandbox/blobs/p/d/x/words.txt", "words.txt"),
            ("https://host/a/deck%20of%2Fcards.html?X-Amz-Signature=s3cret", "deck of-cards.html"),
            ("https://host?x=1", "data"),
        ] {
            assert_eq!(from_uri(uri), expected, "{uri}");
        }
    }
}
