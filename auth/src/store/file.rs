//! Tokens in files: one per endpoint, readable by its owner only.

use std::path::{Path, PathBuf};

use super::{
    Store, entry,
    error::{StoreError, TokenFileError},
    private::{self, make_folder, path_of},
};
use crate::token::Tokens;

/// The extension of token files.
const KIND: &str = "json";

/// Stores tokens in files of one folder.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// The folder is created when tokens are first saved.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn path(&self, endpoint: &str) -> PathBuf {
        path_of(&self.folder, endpoint, KIND)
    }

    /// The endpoint of a file, for a list, so its mode does not matter. `None` if the file was renamed.
    fn endpoint(&self, path: &Path) -> Option<String> {
        let entry = entry::read(&private::read_unchecked(path).ok()?).ok()?;
        (self.path(&entry.endpoint) == path).then_some(entry.endpoint)
    }
}

impl Store for FileStore {
    fn location(&self, endpoint: &str) -> String {
        format!("`{}`", self.path(endpoint).display())
    }

    fn has(&self, endpoint: &str) -> bool {
        self.path(endpoint).symlink_metadata().is_ok()
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        let path = self.path(endpoint);
        let Some(bytes) = private::read(&path)? else { return Ok(None) };
        let entry = entry::read(&bytes).map_err(|source| TokenFileError::Corrupt { path, source })?;
        // The file was renamed, or the digests collide.
        Ok((entry.endpoint == endpoint).then_some(entry.tokens))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let path = self.path(endpoint);
        let text = entry::write(endpoint, tokens)
            .map_err(|source| TokenFileError::Corrupt { path: path.clone(), source })?;
        let written = make_folder(&self.folder).and_then(|()| private::replace(&path, text.as_bytes()));
        written.map_err(|source| TokenFileError::Write { path, source })?;
        Ok(())
    }

    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let path = self.path(endpoint);
        Ok(private::remove(&path).map_err(|source| TokenFileError::Write { path, source })?)
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let files = private::files(&self.folder, KIND)
            .map_err(|source| TokenFileError::Read { path: self.folder.clone(), source })?;
        let mut endpoints = Vec::new();
        for path in files {
            match self.endpoint(&path) {
                Some(endpoint) => endpoints.push(endpoint),
                None => log::warn!("ignoring `{}`: not a token file of flyte-host", path.display()),
            }
        }
        endpoints.sort();
        Ok(endpoints)
    }
}
