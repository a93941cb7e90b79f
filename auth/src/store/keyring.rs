//! Tokens in the system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! A keyring may wait for a person who is asked to unlock it, so each request has a deadline. Which endpoints have
//! tokens is noted in a file of names, since a keyring cannot be asked.

use std::{
    collections::BTreeSet,
    env, fs, io,
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use keyring::Entry;

use super::{FileError, Store, StoreError};
use crate::token::Tokens;

/// The name of this program's entries.
const SERVICE: &str = "flyte-host";
/// The list of endpoints, in the folder of the tokens.
const NAMES: &str = "in-keyring";
/// The user whose entry is asked for to see whether the keyring answers; nobody ever has one.
const PROBE: &str = "is-there-a-keyring";

/// How long a person has to unlock the keyring.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait where no person can be asked.
const ALONE: Duration = Duration::from_secs(3);

/// Tokens in the system's keyring.
#[derive(Debug)]
pub struct KeyringStore {
    folder: PathBuf,
}

/// Why the keyring does not do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none, or it refuses.
    #[error("the system's keyring does not answer: {0}")]
    Refused(String),
    /// Nobody unlocked it.
    #[error("the system's keyring is locked, and nobody unlocked it within {} seconds", .0.as_secs())]
    Locked(Duration),
    /// What it holds is not of this program's making.
    #[error("the entry for `{endpoint}` in the system's keyring cannot be understood")]
    Broken {
        /// The endpoint.
        endpoint: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl KeyringError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Broken { .. } => "forget it with `flyte-host logout`, and sign in again".to_owned(),
            Self::Refused(_) | Self::Locked(_) => {
                "unlock the keyring, or keep tokens in a file: `token-store = \"file\"` in the host's settings, or \
                 `FLYTE_TOKEN_STORE=file`"
                    .to_owned()
            }
        }
    }
}

impl KeyringStore {
    /// The keyring, if it answers; `folder` is for the list of names.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn open(folder: PathBuf) -> Result<Self, KeyringError> {
        ask(PROBE, |entry| entry.get_password())?;
        Ok(Self { folder })
    }

    fn names(&self) -> Result<BTreeSet<String>, FileError> {
        let path = self.folder.join(NAMES);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(source) => Err(FileError::Read { path, source }),
        }
    }

    fn write_names(&self, names: &BTreeSet<String>) -> Result<(), FileError> {
        let path = self.folder.join(NAMES);
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        let written = super::make_folder(&self.folder)
            .and_then(|()| super::file::replace(&path, text.as_bytes()));
        written.map_err(|source| FileError::Write { path, source })
    }
}

impl Store for KeyringStore {
    fn place(&self, _: &str) -> String {
        "the system's keyring".to_owned()
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        let Some(text) = ask(endpoint, |entry| entry.get_password())? else { return Ok(None) };
        let broken = |source| KeyringError::Broken { endpoint: endpoint.to_owned(), source };
        Ok(Some(serde_json::from_str(&text).map_err(broken)?))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let text = serde_json::to_string(tokens)
            .map_err(|source| KeyringError::Broken { endpoint: endpoint.to_owned(), source })?;
        // The name first: an entry that nobody knows of could not be forgotten by `logout --all`.
        let mut names = self.names()?;
        if names.insert(endpoint.to_owned()) {
            self.write_names(&names)?;
        }
        ask(endpoint, move |entry| entry.set_password(&text))?;
        Ok(())
    }

    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let was_there = ask(endpoint, |entry| entry.delete_credential())?.is_some();
        let mut names = self.names()?;
        if names.remove(endpoint) {
            self.write_names(&names)?;
        }
        Ok(was_there)
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.names()?.into_iter().collect())
    }
}

/// Asks for one entry on a thread of its own; `None` if there is no such entry.
///
/// A keyring that hangs keeps its thread until the program ends, which is soon.
fn ask<T: Send + 'static>(
    user: &str,
    question: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Option<T>, KeyringError> {
    let user = user.to_owned();
    let limit = if has_display() { PATIENCE } else { ALONE };
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let answer = Entry::new(SERVICE, &user).and_then(question);
        // Nobody listens any more after the deadline.
        let _ = sender.send(answer);
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(keyring::Error::NoEntry)) => Ok(None),
        Ok(Err(error)) => Err(KeyringError::Refused(error.to_string())),
        Err(RecvTimeoutError::Timeout) => Err(KeyringError::Locked(limit)),
        Err(RecvTimeoutError::Disconnected) => Err(KeyringError::Refused("it broke off".to_owned())),
    }
}

/// Whether a person could see a question.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
