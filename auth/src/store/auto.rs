//! Both places of tokens, and which of them counts.

use std::path::PathBuf;

use super::{Choice, FileStore, KeyringError, KeyringStore, Store, StoreError};
use crate::token::Tokens;

/// The file and the keyring, as the user chose.
#[derive(Debug)]
pub(super) struct Places {
    choice: Choice,
    file: FileStore,
    keyring: KeyringStore,
}

impl Places {
    pub(super) fn new(choice: Choice, folder: PathBuf) -> Self {
        Self { choice, file: FileStore::new(folder.clone()), keyring: KeyringStore::new(folder) }
    }

    /// From the file if there is one, else from the keyring if it was noted to have them.
    fn load_from_either(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        if let Some(tokens) = self.file.load(endpoint)? {
            return Ok(Some(tokens));
        }
        self.keyring.load(endpoint).or_else(|error| match error {
            StoreError::Keyring(KeyringError::Refused(_) | KeyringError::Silent(_)) => {
                log::warn!(
                    "the tokens for `{endpoint}` are in the system's keyring, and cannot be used now: {error}"
                );
                Ok(None)
            }
            error => Err(error),
        })
    }

    /// Where they are already, else in the keyring if it works.
    fn save_to_either(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        if self.file.has(endpoint) {
            return self.file.save(endpoint, tokens);
        }
        let was_noted = self.keyring.has(endpoint);
        let Err(error) = self.keyring.save(endpoint, tokens) else { return Ok(()) };
        let place = self.file.place(endpoint);
        // A machine without a keyring is nothing to warn of; one whose keyring does not do what it should is.
        if was_noted || matches!(error, StoreError::Keyring(KeyringError::Silent(_))) {
            log::warn!("tokens are kept in {place}: {error}");
        } else {
            log::info!("tokens are kept in {place}: {error}");
        }
        self.file.save(endpoint, tokens)
    }

    /// In the keyring only: a file that stayed would be taken for the newer one by [`Choice::Auto`].
    fn save_to_keyring(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        self.keyring.save(endpoint, tokens)?;
        self.file.remove(endpoint)?;
        Ok(())
    }
}

impl Store for Places {
    fn place(&self, endpoint: &str) -> String {
        match self.choice {
            Choice::None => "nowhere".to_owned(),
            Choice::File => self.file.place(endpoint),
            Choice::Auto if self.file.has(endpoint) => self.file.place(endpoint),
            Choice::Auto if !self.keyring.has(endpoint) => {
                format!("{}, or else {}", self.keyring.place(endpoint), self.file.place(endpoint))
            }
            Choice::Auto | Choice::Keyring => self.keyring.place(endpoint),
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.choice {
            Choice::Keyring => self.keyring.check(),
            Choice::Auto | Choice::File | Choice::None => Ok(()),
        }
    }

    fn has(&self, endpoint: &str) -> bool {
        match self.choice {
            Choice::Auto => self.file.has(endpoint) || self.keyring.has(endpoint),
            Choice::Keyring => self.keyring.has(endpoint),
            Choice::File => self.file.has(endpoint),
            Choice::None => false,
        }
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        match self.choice {
            Choice::Auto => self.load_from_either(endpoint),
            Choice::Keyring => self.keyring.load(endpoint),
            Choice::File => self.file.load(endpoint),
            Choice::None => Ok(None),
        }
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        match self.choice {
            Choice::Auto => self.save_to_either(endpoint, tokens),
            Choice::Keyring => self.save_to_keyring(endpoint, tokens),
            Choice::File => self.file.save(endpoint, tokens),
            Choice::None => Ok(()),
        }
    }

    /// From both places, whatever is chosen now: tokens must not stay where somebody put them before.
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
