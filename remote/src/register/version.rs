//! A version made of the content, for whoever gives none.
//!
//! The same content has the same version, in whatever order and from whatever files it is read; so registering it again
//! finds it there. flytekit does the same with a hash of the code (`flytekit/remote/remote.py`, `_version_from_hash`).

use std::collections::BTreeSet;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};

use super::Entry;

/// Bytes of the hash that are kept: 16 letters, enough that no two versions of a name meet.
const KEPT: usize = 10;

/// Returns the version of a set of entities, with the code that came along.
///
/// Project and domain should be open still, so that a set has one version wherever it is registered.
#[must_use]
pub fn derive(entries: &[Entry]) -> String {
    let mut parts = BTreeSet::new();
    for entry in entries {
        parts.insert(part(b"entity", entry.entity.kind().message_name(), &entry.entity.encode()));
        if let Some(archive) = &entry.archive {
            parts.insert(part(b"archive", &archive.name, &archive.bytes));
        }
    }
    let mut all = Sha256::new();
    parts.iter().for_each(|part| all.update(part));
    let hash = all.finalize();
    BASE32_NOPAD.encode(&hash[..KEPT]).to_lowercase()
}

/// Each piece has a length of its own before it, or is last: no two lists of pieces have the same bytes.
fn part(what: &[u8], name: &str, bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in [what, name.as_bytes()] {
        hash.update((piece.len() as u64).to_be_bytes());
        hash.update(piece);
    }
    hash.update(bytes);
    hash.finalize().into()
}
