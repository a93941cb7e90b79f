//! Malformed ELF data: the part of a [`PreflightError`] that does not know its file yet.

use std::path::Path;

use super::error::PreflightError;

/// What is wrong with the structure of ELF data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Malformed {
    CutShort { needs: u64, has: u64 },
    Damaged(&'static str),
}

impl Malformed {
    /// The error for the file that the data was read from.
    pub(super) fn at(self, path: &Path) -> PreflightError {
        let path = path.to_owned();
        match self {
            Malformed::CutShort { needs, has } => PreflightError::CutShort { path, needs, has },
            Malformed::Damaged(why) => PreflightError::Damaged { path, why },
        }
    }
}
