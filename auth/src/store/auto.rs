//! The store that a [`StoreKind`] selects.

use std::path::PathBuf;

use super::{
    Store, StoreKind,
    error::{KeyringError, StoreError},
    file::FileStore,
    keyring::KeyringStore,
};
use crate::token::Tokens;

/// File and keyring behind one interface.
#[derive(Debug)]
pub(super) struct AutoStore {
    kind: StoreKind,
    file: FileStore,
    keyring: KeyringStore,
}

/// A store; `folder` is for files, and for marker files of the keyring. Accesses nothing yet.
#[must_use]
pub fn open(kind: StoreKind, folder: PathBuf) -> Box<dyn Store> {
    Box::new(AutoStore::new(kind, folder))
}

impl AutoStore {
    fn new(kind: StoreKind, folder: PathBuf) -> Self {
        Self { kind, file: FileStore::new(folder.clone()), keyring: KeyringStore::new(folder) }
    }

    /// From the file if there is one, else from the keyring.
    fn load_from_either(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        if let Some(tokens) = self.file.load(endpoint)? {
            return Ok(Some(tokens));
        }
        self.keyring.load(endpoint).or_else(|error| match error {
            StoreError::Keyring(KeyringError::Unavailable(_) | KeyringError::TimedOut(_)) => {
                log::warn!("could not load the tokens for `{endpoint}` from the system's keyring: {error}");
                Ok(None)
            }
            error => Err(error),
        })
    }

    /// To the file if there is one, else to the keyring if it works, else to a file.
    fn save_to_either(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        if self.file.has(endpoint) {
            return self.file.save(endpoint, tokens);
        }
        let was_marked = self.keyring.has(endpoint);
        let Err(error) = self.keyring.save(endpoint, tokens) else { return Ok(()) };
        let location = self.file.location(endpoint);
        // A missing keyring is normal; one that fails is worth a warning.
        if was_marked || matches!(error, StoreError::Keyring(KeyringError::TimedOut(_))) {
            log::warn!("storing tokens in {location}: {error}");
        } else {
            log::info!("storing tokens in {location}: {error}");
        }
        self.file.save(endpoint, tokens)
    }

    /// To the keyring only: [`StoreKind::Auto`] would take a remaining file for the newer one.
    fn save_to_keyring(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        self.keyring.save(endpoint, tokens)?;
        self.file.remove(endpoint)?;
        Ok(())
    }
}

impl Store for AutoStore {
    fn location(&self, endpoint: &str) -> String {
        match self.kind {
            StoreKind::None => "nowhere".to_owned(),
            StoreKind::File => self.file.location(endpoint),
            StoreKind::Auto if self.file.has(endpoint) => self.file.location(endpoint),
            StoreKind::Auto if !self.keyring.has(endpoint) => {
                format!("{}, or else {}", self.keyring.location(endpoint), self.file.location(endpoint))
            }
            StoreKind::Auto | StoreKind::Keyring => self.keyring.location(endpoint),
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.kind {
            StoreKind::Keyring => self.keyring.check(),
            StoreKind::Auto | StoreKind::File | StoreKind::None => Ok(()),
        }
    }

    fn has(&self, endpoint: &str) -> bool {
        match self.kind {
            StoreKind::Auto => self.file.has(endpoint) || self.keyring.has(endpoint),
            StoreKind::Keyring => self.keyring.has(endpoint),
            StoreKind::File => self.file.has(endpoint),
            StoreKind::None => false,
        }
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        match self.kind {
            StoreKind::Auto => self.load_from_either(endpoint),
            StoreKind::Keyring => self.keyring.load(endpoint),
            StoreKind::File => self.file.load(endpoint),
            StoreKind::None => Ok(None),
        }
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        match self.kind {
            StoreKind::Auto => self.save_to_either(endpoint, tokens),
            StoreKind::Keyring => self.save_to_keyring(endpoint, tokens),
            StoreKind::File => self.file.save(endpoint, tokens),
            StoreKind::None => Ok(()),
        }
    }

    /// From both, whatever the kind: tokens must not stay where an earlier setting put them.
    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let from_file = self.file.remove(endpoint);
        let from_keyring = self.keyring.remove(endpoint)?;
        Ok(from_file? || from_keyring)
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let mut endpoints = self.file.endpoints()?;
        endpoints.extend(self.keyring.endpoints()?);
        endpoints.sort();
        endpoints.dedup();
        Ok(endpoints)
    }
}
