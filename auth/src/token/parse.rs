//! A token as a text: what a command prints, a variable or a file holds.

use flyte_client::config::Secret;

/// Why a text is no token. What it says is told to nobody, since it may be a token all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// There is nothing but space.
    #[error("nothing")]
    Empty,
    /// A token is one line.
    #[error("{0} lines; a token is one")]
    Lines(usize),
    /// It is too long, in bytes.
    #[error("more than {0} bytes; no token is so long")]
    Long(usize),
    /// There are spaces in it, or what no header can carry.
    #[error("a text with spaces or other characters that no token has")]
    Odd,
}

/// The longest text that is read, in bytes. Servers take far less as a header.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The token that a text is, without the space around it.
pub(crate) fn token(text: &[u8]) -> Result<Secret, Flaw> {
    if text.len() > LONGEST {
        return Err(Flaw::Long(LONGEST));
    }
    let text = text.trim_ascii();
    let lines = text.split(|&byte| byte == b'\n').count();
    match str::from_utf8(text) {
        Ok("") => Err(Flaw::Empty),
        _ if lines > 1 => Err(Flaw::Lines(lines)),
        Ok(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(token)),
        _ => Err(Flaw::Odd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_line_without_spaces() {
        let read = |text: &[u8]| token(text).map(|token| token.reveal().to_owned());
        assert_eq!(read(b" \r\n eyJ.a-b_c=\r\n").as_deref(), Ok("eyJ.a-b_c="));
        assert_eq!(read(b" \n"), Err(Flaw::Empty));
        assert_eq!(read(b"warning: old\n\nabc\n"), Err(Flaw::Lines(3)));
        assert_eq!(read(b"Bearer abc"), Err(Flaw::Odd));
        assert_eq!(read(b"a\x1bb"), Err(Flaw::Odd));
        assert_eq!(read("tök".as_bytes()), Err(Flaw::Odd));
        assert_eq!(read(b"\xff\xfe"), Err(Flaw::Odd));
        assert_eq!(read(&[b'a'; LONGEST + 1]), Err(Flaw::Long(LONGEST)));
    }
}
