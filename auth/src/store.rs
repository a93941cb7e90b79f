//! Storage of tokens between commands: one entry per endpoint, in a file or in the system's keyring.
//!
//! | store | content |
//! |---|---|
//! | file | `<endpoint>.json` in the folder of tokens, readable by its owner only |
//! | keyring | the entry; the marker file `<endpoint>.keyring` in the folder of tokens says that it exists |
//!
//! With [`StoreKind::Auto`] a file takes precedence over the keyring: tokens are written to a file only
//! where the keyring failed, so those in the file are newer. Without either file the keyring is not
//! accessed, so a command without tokens does not pay for it. If a keyring with tokens does not answer,
//! they are kept: there is a warning, and the next sign-in writes a file. `logout` removes tokens from
//! both.
//!
//! Only this program reads and writes the entries. Unknown fields are skipped, so that a newer version may
//! add some; an entry with missing fields is an error with a hint.

mod auto;
mod entry;
mod error;
mod file;
mod keyring;
mod private;

use std::{fmt, str::FromStr};

pub(crate) use self::private::{make_folder, path_of};
pub use self::{
    auto::open,
    entry::EntrySyntaxError,
    error::{KeyringError, KeyringTimeout, StoreError, TokenFileError},
    file::FileStore,
    keyring::KeyringStore,
};
use crate::token::Tokens;

/// Where to store tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// The keyring if it works, else a file.
    #[default]
    Auto,
    /// The keyring; signing in without one is an error.
    Keyring,
    /// A file.
    File,
    /// Nothing is stored: each command signs in again. Tokens that were stored before stay until `logout`.
    None,
}

/// The names in settings and messages.
const STORE_KINDS: [(&str, StoreKind); 4] = [
    ("auto", StoreKind::Auto),
    ("keyring", StoreKind::Keyring),
    ("file", StoreKind::File),
    ("none", StoreKind::None),
];

/// The text is not the name of a [`StoreKind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown token store `{0}`; expected `auto`, `keyring`, `file` or `none`")]
pub struct UnknownStoreKind(String);

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = STORE_KINDS.iter().find(|(_, kind)| kind == self).map_or("", |&(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for StoreKind {
    type Err = UnknownStoreKind;

    fn from_str(text: &str) -> Result<Self, UnknownStoreKind> {
        let found = STORE_KINDS.iter().find(|(name, _)| *name == text);
        found.map(|&(_, kind)| kind).ok_or_else(|| UnknownStoreKind(text.to_owned()))
    }
}

/// Stores tokens.
///
/// A keyring may wait up to two minutes for the user to unlock it, so asynchronous callers use a thread
/// that may block.
pub trait Store: fmt::Debug + Send + Sync {
    /// Where the tokens of an endpoint are, or would be, stored; for messages. Accesses no keyring.
    fn location(&self, endpoint: &str) -> String;

    /// Whether tokens can be stored; called before the user is prompted.
    ///
    /// # Errors
    ///
    /// If the keyring is required and does not work. A file is not checked.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether there is an entry for an endpoint, valid or not. Accesses no keyring.
    fn has(&self, endpoint: &str) -> bool;

    /// The tokens of an endpoint, if there are any.
    ///
    /// # Errors
    ///
    /// If there may be some, and they cannot be read.
    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError>;

    /// Replaces the tokens of an endpoint. A crash leaves the old ones or the new ones.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError>;

    /// Removes the tokens of an endpoint; returns whether there were any.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    fn remove(&self, endpoint: &str) -> Result<bool, StoreError>;

    /// The endpoints that have tokens, sorted.
    ///
    /// # Errors
    ///
    /// If the folder of tokens cannot be read.
    fn endpoints(&self) -> Result<Vec<String>, StoreError>;
}
