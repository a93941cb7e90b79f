//! The syntax of a token in the output of a command, a variable or a file.

use flyte_client::config::Secret;

/// The text is not a token. It is not quoted, since it may be a secret all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenSyntaxError {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// More than one line.
    #[error("{0} lines instead of one")]
    MultipleLines(usize),
    /// Longer than the limit, in bytes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// A space, or another character that is not allowed in a header.
    #[error("contains spaces or other invalid characters")]
    InvalidCharacter,
}

/// The longest text that is read, in bytes. Servers accept much shorter headers only.
pub(crate) const MAX_LENGTH: usize = 64 * 1024;

/// Parses a token, and trims it.
pub(crate) fn parse_token(text: &[u8]) -> Result<Secret, TokenSyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(TokenSyntaxError::TooLong(MAX_LENGTH));
    }
    let text = text.trim_ascii();
    let lines = text.split(|&byte| byte == b'\n').count();
    match str::from_utf8(text) {
        Ok("") => Err(TokenSyntaxError::Empty),
        _ if lines > 1 => Err(TokenSyntaxError::MultipleLines(lines)),
        Ok(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(token)),
        _ => Err(TokenSyntaxError::InvalidCharacter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_line_without_spaces() {
        let read = |text: &[u8]| parse_token(text).map(|token| token.reveal().to_owned());
        assert_eq!(read(b" \r\n eyJ.a-b_c=\r\n").as_deref(), Ok("eyJ.a-b_c="));
        assert_eq!(read(b" \n"), Err(TokenSyntaxError::Empty));
        assert_eq!(read(b"warning: old\n\nabc\n"), Err(TokenSyntaxError::MultipleLines(3)));
        assert_eq!(read(b"Bearer abc"), Err(TokenSyntaxError::InvalidCharacter));
        assert_eq!(read(b"a\x1bb"), Err(TokenSyntaxError::InvalidCharacter));
        assert_eq!(read("tök".as_bytes()), Err(TokenSyntaxError::InvalidCharacter));
        assert_eq!(read(b"\xff\xfe"), Err(TokenSyntaxError::InvalidCharacter));
        assert_eq!(read(&[b'a'; MAX_LENGTH + 1]), Err(TokenSyntaxError::TooLong(MAX_LENGTH)));
    }
}
