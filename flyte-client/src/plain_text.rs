//! Text files as users save them: UTF-8, perhaps with a byte-order mark.

use std::{fmt, fs, io, path::Path};

/// Why bytes are not a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// They are not UTF-8 from this byte on, counted from 0.
    NotUtf8(usize),
    /// They are UTF-16, by their byte-order mark or by their zeros.
    Utf16,
    /// They are UTF-32, by their byte-order mark.
    Utf32,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(byte) => write!(f, "invalid UTF-8 at byte {byte}"),
            Self::Utf16 => f.write_str("the file is UTF-16; save it as UTF-8"),
            Self::Utf32 => f.write_str("the file is UTF-32; save it as UTF-8"),
        }
    }
}

impl std::error::Error for TextError {}

/// The text that bytes are, without a byte-order mark at its beginning.
///
/// # Errors
///
/// When they are of another encoding.
pub fn decode(bytes: &[u8]) -> Result<&str, TextError> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(TextError::Utf32),
        // Two zeros among the first four bytes are not text; one at every second place is ASCII in UTF-16.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..] => {
            return Err(TextError::Utf16);
        }
        _ => {}
    }
    let text = std::str::from_utf8(bytes).map_err(|error| TextError::NotUtf8(error.valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads a file as [`decode`] does.
///
/// # Errors
///
/// When the file cannot be read; of another encoding, it is `InvalidData`.
pub fn read(path: &Path) -> io::Result<String> {
    from_bytes(&fs::read(path)?)
}

/// As [`decode`], for what was read from elsewhere.
///
/// # Errors
///
/// `InvalidData` when the bytes are of another encoding.
pub fn from_bytes(bytes: &[u8]) -> io::Result<String> {
    decode(bytes).map(str::to_owned).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1"), Ok("a: 1"));
        assert_eq!(decode(b""), Ok(""));
        assert_eq!(decode("\u{e4}".as_bytes()), Ok("\u{e4}"));
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for bytes in
            [utf16("\u{feff}a: 1"), big("\u{feff}a: 1"), utf16("a: 1"), big("a: 1"), utf16("\u{feff}")]
        {
            assert_eq!(decode(&bytes), Err(TextError::Utf16), "{bytes:x?}");
        }
        assert_eq!(decode(b"\xff\xfe\0\0a\0\0\0"), Err(TextError::Utf32));
        assert_eq!(decode(b"ab\xffc"), Err(TextError::NotUtf8(2)));
    }
}
