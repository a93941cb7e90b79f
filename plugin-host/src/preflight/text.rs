//! Names and paths made safe to print: a file's author chooses them.

use std::path::Path;

/// The longest path that is printed whole, in characters.
const MAX_SHOWN: usize = 400;

/// Puts a path between backticks, as [`shown`] has it.
pub(super) fn quoted(path: &Path) -> String {
    format!("`{}`", shown(path))
}

/// A path with terminal controls escaped.
///
/// Bytes that are not UTF-8 appear as `\xff`. The middle of an absurdly long path is left out.
pub(super) fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        shown.push_str(&escaped(chunk.valid()));
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    let length = shown.chars().count();
    if length > MAX_SHOWN {
        let start: String = shown.chars().take(MAX_SHOWN / 2).collect();
        let end: String = shown.chars().skip(length - MAX_SHOWN / 2).collect();
        shown = format!("{start}…{end}");
    }
    shown
}

/// Escapes terminal controls in text from a file.
pub(super) fn escaped(text: &str) -> String {
    flyte_text::sanitize_line(text).into_owned()
}

/// Bytes of a file as text, escaped.
pub(super) fn escaped_bytes(bytes: &[u8]) -> String {
    escaped(&String::from_utf8_lossy(bytes))
}

pub(super) use flyte_text::{Listed, sanitize::is_terminal_control};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped() {
        assert_eq!(quoted(Path::new("/a/b c.so")), "`/a/b c.so`");
        assert_eq!(quoted(Path::new("a\n\u{1b}[2Jb")), r"`a\n\u{1b}[2Jb`");
        assert_eq!(quoted(Path::new("os.\u{202e}txt")), r"`os.\u{202e}txt`");
        assert_eq!(quoted(Path::new("é.so")), "`é.so`");
    }

    #[test]
    fn long_paths_lose_their_middle() {
        let shown = quoted(Path::new(&"x".repeat(5000)));
        assert_eq!(shown.chars().count(), MAX_SHOWN + 3);
    }
}
