//! The hash of a list of pieces.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};

/// Bytes of the hash that are kept: 16 letters, enough that no two versions of a name meet.
const KEPT: usize = 10;

/// A hash that is fed with named pieces.
pub(super) struct Digest(Sha256);

impl Digest {
    /// Starts with one piece.
    pub(super) fn new(name: &str, bytes: &[u8]) -> Self {
        let mut digest = Self(Sha256::new());
        digest.add(name, bytes);
        digest
    }

    /// Each piece has a length of its own before it: no two lists of pieces have the same bytes.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) {
        for piece in [name.as_bytes(), bytes] {
            self.0.update((piece.len() as u64).to_be_bytes());
            self.0.update(piece);
        }
    }

    /// The version: small letters and digits.
    pub(super) fn version(self) -> String {
        let hash = self.0.finalize();
        BASE32_NOPAD.encode(&hash[..KEPT]).to_lowercase()
    }
}
