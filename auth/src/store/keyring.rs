//! Tokens in the system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! Which endpoints have tokens is noted in files, one for each: a keyring cannot be asked for a list, nor should one be
//! asked at all for an endpoint that it does not know.

mod worker;

use std::path::{Path, PathBuf};

use self::worker::Keyring;
pub use self::worker::Silence;
use super::{FileError, Store, StoreError, entry, entry::Garbled, make_folder, path_of, private};
use crate::token::Tokens;

/// The ending of the notes.
const KIND: &str = "keyring";

/// Tokens in the system's keyring.
#[derive(Debug)]
pub struct KeyringStore {
    folder: PathBuf,
    keyring: Keyring,
}

/// Why the keyring does not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// What it holds is not of this program's making.
    #[error("the entry for `{endpoint}` in the system's keyring cannot be understood")]
    Broken {
        /// The endpoint.
        endpoint: String,
        /// Where it goes wrong.
        source: Garbled,
    },
    /// There is none, or it refuses.
    #[error("the system's keyring cannot be used: {0}")]
    Refused(String),
    /// It was waited for in vain.
    #[error(transparent)]
    Silent(#[from] Silence),
}

impl KeyringError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Broken { .. } => "forget it with `flyte-host logout`, and sign in again".to_owned(),
            Self::Refused(_) | Self::Silent(_) => {
                "unlock the keyring, or keep tokens in a file: `token-store = \"file\"` in the host's settings, or \
                 `FLYTE_TOKEN_STORE=file`"
                    .to_owned()
            }
        }
    }
}

impl KeyringStore {
    /// The keyring; `folder` is for the notes. It is not asked yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, keyring: Keyring::default() }
    }

    fn note(&self, endpoint: &str) -> PathBuf {
        path_of(&self.folder, endpoint, KIND)
    }

    fn write_note(&self, endpoint: &str) -> Result<(), FileError> {
        let path = self.note(endpoint);
        let written = make_folder(&self.folder).and_then(|()| private::replace(&path, endpoint.as_bytes()));
        written.map_err(|source| FileError::Write { path, source })
    }

    fn remove_note(&self, endpoint: &str) -> Result<bool, FileError> {
        let path = self.note(endpoint);
        private::remove(&path).map_err(|source| FileError::Write { path, source })
    }

    /// The endpoint of a note, if the note is where it belongs.
    fn endpoint(&self, path: &Path) -> Option<String> {
        let endpoint = String::from_utf8(private::peek(path).ok()?).ok()?;
        (self.note(&endpoint) == path).then_some(endpoint)
    }
}

impl Store for KeyringStore {
    fn place(&self, _: &str) -> String {
        "the system's keyring".to_owned()
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(self.keyring.probe()?)
    }

    /// Whether the tokens of an endpoint were put into the keyring, and not taken out.
    fn has(&self, endpoint: &str) -> bool {
        self.note(endpoint).symlink_metadata().is_ok()
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        if !self.has(endpoint) {
            return Ok(None);
        }
        let Some(text) = self.keyring.ask(endpoint, |entry| entry.get_password())? else { return Ok(None) };
        let broken = |source| KeyringError::Broken { endpoint: endpoint.to_owned(), source };
        let entry = entry::read(text.as_bytes()).map_err(broken)?;
        Ok((entry.endpoint == endpoint).then_some(entry.tokens))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let text = entry::write(endpoint, tokens)
            .map_err(|source| KeyringError::Broken { endpoint: endpoint.to_owned(), source })?;
        let was_noted = self.has(endpoint);
        // The note first: an entry that nobody knows of would never be found again.
        if !was_noted {
            self.write_note(endpoint)?;
        }
        let saved = self.keyring.ask(endpoint, move |entry| entry.set_password(&text));
        // A locked keyring may yet be unlocked, and take the entry: then the note has to be there.
        if let Err(KeyringError::Refused(_) | KeyringError::Silent(Silence::NoAnswer(_))) = &saved
            && !was_noted
        {
            self.remove_note(endpoint)?;
        }
        saved?;
        Ok(())
    }

    /// Asks the keyring even for what is not noted: the notes may be lost, and a secret should not outlive its logout.
    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let is_noted = self.has(endpoint);
        match self.keyring.ask(endpoint, |entry| entry.delete_credential()) {
            Err(_) if !is_noted => Ok(false),
            removed => {
                let was_there = removed?.is_some();
                self.remove_note(endpoint)?;
                Ok(was_there)
            }
        }
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let notes = private::files(&self.folder, KIND)
            .map_err(|source| FileError::Read { path: self.folder.clone(), source })?;
        let mut endpoints: Vec<_> = notes.iter().filter_map(|path| self.endpoint(path)).collect();
        endpoints.sort();
        Ok(endpoints)
    }
}
