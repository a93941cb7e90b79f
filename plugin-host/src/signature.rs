//! Signatures of files, in the format of minisign: `libacme.so.minisig` beside `libacme.so`.
//!
//! A signature covers the content and the trusted comment. Only signatures of a hash of the content (Ed25519
//! over BLAKE2b) are accepted, which `minisign` makes by default.

use std::{
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use minisign_verify::{PublicKey, Signature};

/// What the name of a signature's file adds to that of the signed file.
pub const SIGNATURE_SUFFIX: &str = ".minisig";
/// The largest file of a key or a signature, in bytes.
pub const MAX_SIGNATURE_SIZE: u64 = 8 * 1024;
/// The bytes of a key before its number, and the number's length.
const KEY_NUMBER: std::ops::Range<usize> = 2..10;

/// The path of the signature of a file.
#[must_use]
pub fn signature_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(SIGNATURE_SUFFIX);
    name.into()
}

/// Text that is neither a key nor a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a key of minisign.
    #[error("not a minisign public key")]
    InvalidKey,
    /// Not a signature of minisign.
    #[error("not a minisign signature")]
    InvalidSignature,
}

/// A signature that does not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The content or the comment is not what was signed.
    #[error("invalid signature: the content is not what key `{key}` signed")]
    Mismatch {
        /// The key's number.
        key: String,
    },
    /// It is by another key.
    #[error("signed by key `{found}`, expected key `{expected}`")]
    OtherKey {
        /// The number of the key of the signature.
        found: String,
        /// The number of the expected key.
        expected: String,
    },
    /// The content cannot be read.
    #[error("could not read the signed content")]
    Read(#[source] io::Error),
}

/// The public key of a publisher.
#[derive(Clone)]
pub struct PublisherKey {
    text: String,
    key: PublicKey,
}

impl PublisherKey {
    /// A key as base64, or the content of minisign's file with it, whose first line is a comment.
    ///
    /// # Errors
    ///
    /// [`KeyError::InvalidKey`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let line =
            text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("untrusted"));
        let line = line.ok_or(KeyError::InvalidKey)?;
        let key = PublicKey::from_base64(line).map_err(|_| KeyError::InvalidKey)?;
        Ok(Self { text: line.to_owned(), key })
    }

    /// The identifier of the key, as minisign prints it: 16 hex digits.
    #[must_use]
    pub fn number(&self) -> String {
        number(&self.text)
    }

    /// The key as base64, as settings have it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for PublisherKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PublisherKey {}

impl fmt::Debug for PublisherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for PublisherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The signature of a file.
#[derive(Clone)]
pub struct FileSignature {
    key: String,
    signature: Signature,
}

impl FileSignature {
    /// The content of a signature's file.
    ///
    /// # Errors
    ///
    /// [`KeyError::InvalidSignature`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let signature = Signature::decode(text).map_err(|_| KeyError::InvalidSignature)?;
        let line = text.lines().nth(1).ok_or(KeyError::InvalidSignature)?;
        Ok(Self { key: number(line.trim()), signature })
    }

    /// The number of the key that signed.
    #[must_use]
    pub fn key_number(&self) -> &str {
        &self.key
    }

    /// The comment that the signature covers.
    #[must_use]
    pub fn trusted_comment(&self) -> &str {
        self.signature.trusted_comment()
    }

    /// Checks that the key signed this content.
    ///
    /// # Errors
    ///
    /// [`SignatureError`].
    pub fn verify(&self, key: &PublisherKey, mut content: impl Read) -> Result<(), SignatureError> {
        let mismatch = || SignatureError::Mismatch { key: self.key.clone() };
        if self.key != key.number() {
            return Err(SignatureError::OtherKey { found: self.key.clone(), expected: key.number() });
        }
        let mut verifier = key.key.verify_stream(&self.signature).map_err(|_| mismatch())?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => verifier.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SignatureError::Read(error)),
            }
        }
        verifier.finalize().map_err(|_| mismatch())
    }
}

impl fmt::Debug for FileSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature by key {}", self.key)
    }
}

/// The number in a key or a signature: 8 bytes behind the algorithm, the low byte first. Empty if there are
/// fewer bytes.
fn number(base64: &str) -> String {
    let bytes = BASE64.decode(base64.as_bytes()).unwrap_or_default();
    let bytes = bytes.get(KEY_NUMBER).unwrap_or_default();
    bytes.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of minisign.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1556193335\tfile:test\n\
        y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";

    #[test]
    fn a_signature_covers_content_key_and_comment() {
        let key = PublisherKey::parse(KEY).unwrap();
        assert_eq!(key.number(), "E7620F1842B4E81F");
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{KEY}\n");
        assert_eq!(PublisherKey::parse(&file).unwrap(), key);
        let signature = FileSignature::parse(SIGNATURE).unwrap();
        assert_eq!(signature.key_number(), key.number());
        assert_eq!(signature.trusted_comment(), "timestamp:1556193335\tfile:test");
        signature.verify(&key, &b"test"[..]).unwrap();
        let error = signature.verify(&key, &b"Test"[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid signature: the content is not what key `E7620F1842B4E81F` signed"
        );
        let forged = FileSignature::parse(&SIGNATURE.replace("file:test", "file:best")).unwrap();
        assert!(matches!(forged.verify(&key, &b"test"[..]), Err(SignatureError::Mismatch { .. })));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "untrusted comment: x", "RWQ", "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO"]
        {
            assert_eq!(PublisherKey::parse(text), Err(KeyError::InvalidKey), "{text}");
            assert!(FileSignature::parse(text).is_err(), "{text}");
        }
    }
}
