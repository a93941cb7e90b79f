//! Tokens in files: one for each endpoint, readable by their owner only.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Store, StoreError, entry, entry::Garbled, make_folder, path_of, private};
use crate::token::Tokens;

/// The ending of files with tokens.
const KIND: &str = "json";

/// Tokens in a folder of the user's.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
}

/// Why a file does not do as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is no file of this program.
    #[error("`{}` cannot be understood", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: Garbled,
    },
    /// It may lead elsewhere, or never end.
    #[error("`{}` is not used, because it is a link, a folder or a device, and no ordinary file", path.display())]
    NotAFile {
        /// What is in place of the file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read or write it: what is in it may be known, or somebody else's.
    #[error("`{}` is not used, because others than its owner may open it (mode {mode:04o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Broken { .. } | Self::NotAFile { .. } => {
                "remove it and sign in again with `flyte-host login`".to_owned()
            }
            Self::TooOpen { path, .. } => format!(
                "if somebody may have seen the tokens in it, remove it and sign in again with `flyte-host login`; else \
                 `chmod 600 '{}'`",
                path.display()
            ),
            Self::Read { .. } | Self::Write { .. } => {
                "see to it that the folder is yours and not read-only, or name another one with `XDG_STATE_HOME`"
                    .to_owned()
            }
        }
    }
}

impl FileStore {
    /// A store in a folder, which is made when tokens are first kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the tokens of an endpoint are, if there are any.
    pub(super) fn path(&self, endpoint: &str) -> PathBuf {
        path_of(&self.folder, endpoint, KIND)
    }

    /// The endpoint of a file, whoever may read it: it is only listed. `None` if the file is not where it belongs.
    fn endpoint(&self, path: &Path) -> Option<String> {
        let entry = entry::read(&private::peek(path).ok()?).ok()?;
        (self.path(&entry.endpoint) == path).then_some(entry.endpoint)
    }
}

impl Store for FileStore {
    fn place(&self, endpoint: &str) -> String {
        format!("`{}`", self.path(endpoint).display())
    }

    fn has(&self, endpoint: &str) -> bool {
        self.path(endpoint).symlink_metadata().is_ok()
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        let path = self.path(endpoint);
        let Some(bytes) = private::read(&path)? else { return Ok(None) };
        let entry = entry::read(&bytes).map_err(|source| FileError::Broken { path, source })?;
        // Only a file that was renamed, or a digest met by chance, is another endpoint's.
        Ok((entry.endpoint == endpoint).then_some(entry.tokens))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let path = self.path(endpoint);
        let text = entry::write(endpoint, tokens)
            .map_err(|source| FileError::Broken { path: path.clone(), source })?;
        let written = make_folder(&self.folder).and_then(|()| private::replace(&path, text.as_bytes()));
        written.map_err(|source| FileError::Write { path, source })?;
        Ok(())
    }

    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let path = self.path(endpoint);
        Ok(private::remove(&path).map_err(|source| FileError::Write { path, source })?)
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let files = private::files(&self.folder, KIND)
            .map_err(|source| FileError::Read { path: self.folder.clone(), source })?;
        let mut endpoints = Vec::new();
        for path in files {
            match self.endpoint(&path) {
                Some(endpoint) => endpoints.push(endpoint),
                None => log::warn!("`{}` is no file of this program, and is left alone", path.display()),
            }
        }
        endpoints.sort();
        Ok(endpoints)
    }
}
