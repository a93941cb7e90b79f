//! Pins: the content that a plugin's file had when the user accepted it.
//!
//! A pin finds damage (a torn copy, a bad download) and unexpected updates. It does not protect from
//! a user who can write the settings.

use std::io;

use super::link::LoadedFile;

/// The content of a file, by hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// [`FileStamp`](crate::FileStamp) of the file that was hashed: while the file has it, it need not be
    /// hashed again.
    pub stamp: String,
}

impl Pin {
    /// The pin for a file as it is now.
    ///
    /// `None` if the file belongs to root, and the process does not: the system's package manager updates it,
    /// as it updates the program itself.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn for_file(file: &LoadedFile) -> io::Result<Option<Self>> {
        if file.is_from_system() {
            return Ok(None);
        }
        Ok(Some(Self { sha256: file.sha256()?, stamp: file.stamp().to_string() }))
    }

    /// Whether a file has this content. Hashes it only if it was touched since.
    pub(super) fn matches(&self, file: &LoadedFile) -> io::Result<bool> {
        Ok(self.stamp == file.stamp().to_string() || self.sha256 == file.sha256()?)
    }
}
