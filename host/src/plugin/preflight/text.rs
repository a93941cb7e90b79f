//! Names and paths as they may be printed: a file's author chooses them, so they may try to deceive.

use std::fmt;
use std::path::Path;

use crate::printable;

/// The longest path that is printed whole, in characters.
const MAX_SHOWN: usize = 400;

/// Puts a path between backticks, as [`shown`] has it.
pub(super) fn quoted(path: &Path) -> String {
    format!("`{}`", shown(path))
}

/// A path with everything that a terminal would act on escaped.
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

/// Escapes what [`deceives`], so that text from a file can be shown.
pub(super) fn escaped(text: &str) -> String {
    printable::line(text).into_owned()
}

/// Bytes of a file as text, escaped.
pub(super) fn escaped_bytes(bytes: &[u8]) -> String {
    escaped(&String::from_utf8_lossy(bytes))
}

pub(super) use crate::printable::deceives;

/// Joins items in backticks: `a`, `b` and `c`.
pub(super) struct Listed<'a, T>(pub(super) &'a [T]);

impl<T: AsRef<str>> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, item) in self.0.iter().enumerate() {
            let before = match number {
                0 => "",
                _ if number + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{before}`{}`", item.as_ref())?;
        }
        Ok(())
    }
}

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

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(Listed(&["a"]).to_string(), "`a`");
        assert_eq!(Listed(&["a", "b"]).to_string(), "`a` and `b`");
        assert_eq!(Listed(&["a", "b", "c"]).to_string(), "`a`, `b` and `c`");
    }
}
