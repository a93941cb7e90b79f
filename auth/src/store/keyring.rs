//! Tokens in the system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! A marker file per endpoint says that there is an entry: keyrings cannot list entries, and should not be
//! accessed for an endpoint without one.

mod worker;

use std::path::{Path, PathBuf};

use self::worker::KeyringWorker;
use super::{
    Store, entry,
    error::{KeyringError, KeyringTimeout, StoreError, TokenFileError},
    private::{self, make_folder, path_of},
};
use crate::token::Tokens;

/// The extension of marker files.
const KIND: &str = "keyring";

/// Stores tokens in the system's keyring.
#[derive(Debug)]
pub struct KeyringStore {
    folder: PathBuf,
    keyring: KeyringWorker,
}

impl KeyringStore {
    /// `folder` is for marker files. The keyring is not accessed yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, keyring: KeyringWorker::default() }
    }

    fn marker(&self, endpoint: &str) -> PathBuf {
        path_of(&self.folder, endpoint, KIND)
    }

    fn write_marker(&self, endpoint: &str) -> Result<(), TokenFileError> {
        let path = self.marker(endpoint);
        let written = make_folder(&self.folder).and_then(|()| private::replace(&path, endpoint.as_bytes()));
        written.map_err(|source| TokenFileError::Write { path, source })
    }

    fn remove_marker(&self, endpoint: &str) -> Result<bool, TokenFileError> {
        let path = self.marker(endpoint);
        private::remove(&path).map_err(|source| TokenFileError::Write { path, source })
    }

    /// The endpoint of a marker file; `None` if the file was renamed.
    fn endpoint(&self, path: &Path) -> Option<String> {
        let endpoint = String::from_utf8(private::read_unchecked(path).ok()?).ok()?;
        (self.marker(&endpoint) == path).then_some(endpoint)
    }
}

impl Store for KeyringStore {
    fn location(&self, _: &str) -> String {
        "the system's keyring".to_owned()
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(self.keyring.probe()?)
    }

    /// Whether there is a marker file.
    fn has(&self, endpoint: &str) -> bool {
        self.marker(endpoint).symlink_metadata().is_ok()
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        if !self.has(endpoint) {
            return Ok(None);
        }
        let Some(text) = self.keyring.request(endpoint, |entry| entry.get_password())? else {
            return Ok(None);
        };
        let broken = |source| KeyringError::Corrupt { endpoint: endpoint.to_owned(), source };
        let entry = entry::read(text.as_bytes()).map_err(broken)?;
        Ok((entry.endpoint == endpoint).then_some(entry.tokens))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let text = entry::write(endpoint, tokens)
            .map_err(|source| KeyringError::Corrupt { endpoint: endpoint.to_owned(), source })?;
        let was_marked = self.has(endpoint);
        // The marker first: an entry without one would never be found again.
        if !was_marked {
            self.write_marker(endpoint)?;
        }
        let saved = self.keyring.request(endpoint, move |entry| entry.set_password(&text));
        // A locked keyring may be unlocked later, and take the entry: then it needs its marker.
        if let Err(KeyringError::Unavailable(_) | KeyringError::TimedOut(KeyringTimeout::NoAnswer(_))) =
            &saved
            && !was_marked
        {
            self.remove_marker(endpoint)?;
        }
        saved?;
        Ok(())
    }

    /// Accesses the keyring even without a marker file, which may be lost: a secret must not outlive its
    /// logout.
    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let is_marked = self.has(endpoint);
        match self.keyring.request(endpoint, |entry| entry.delete_credential()) {
            Err(_) if !is_marked => Ok(false),
            removed => {
                let was_there = removed?.is_some();
                self.remove_marker(endpoint)?;
                Ok(was_there)
            }
        }
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let markers = private::files(&self.folder, KIND)
            .map_err(|source| TokenFileError::Read { path: self.folder.clone(), source })?;
        let mut endpoints: Vec<_> = markers.iter().filter_map(|path| self.endpoint(path)).collect();
        endpoints.sort();
        Ok(endpoints)
    }
}
