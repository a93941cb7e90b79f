//! Where tokens are kept between commands: one entry for each endpoint, in one of two places.
//!
//! | place | what is there |
//! |---|---|
//! | a file | `<endpoint>.json` in the folder of tokens, which only its owner can read |
//! | the system's keyring | the entry; `<endpoint>.keyring` in the folder of tokens says that there is one |
//!
//! With [`Choice::Auto`] a file goes before the keyring, and stays what it is: tokens get into a file only where the
//! keyring did not do, so those in the file are the newer ones. Where neither file is there, nobody is asked: a command
//! without tokens pays nothing for a keyring. Tokens that are noted to be in a keyring which does not answer are
//! not forgotten: a warning says so, and the next sign-in goes to a file. `logout` empties both places.
//!
//! The entries are this program's own: no other client reads or writes them. Fields that it does not know are skipped,
//! so that a newer version may add some; what it needs and does not find makes an entry unusable, with the remedy.

mod auto;
mod entry;
mod file;
mod keyring;
mod private;

use std::{fmt, path::PathBuf, str::FromStr};

use self::auto::Places;
pub(crate) use self::private::{make_folder, path_of};
pub use self::{
    entry::Garbled,
    file::{FileError, FileStore},
    keyring::{KeyringError, KeyringStore, Silence},
};
use crate::token::Tokens;

/// Where tokens are to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// In the keyring if it works, else in a file.
    #[default]
    Auto,
    /// In the keyring; without one, signing in is an error.
    Keyring,
    /// In a file, whether there is a keyring or not.
    File,
    /// Nowhere: each command signs in anew. What was kept before stays until it is forgotten.
    None,
}

/// The names of the choices, as settings and messages have them.
const CHOICES: [(&str, Choice); 4] =
    [("auto", Choice::Auto), ("keyring", Choice::Keyring), ("file", Choice::File), ("none", Choice::None)];

/// The text names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no store of tokens: there are `auto`, `keyring`, `file` and `none`")]
pub struct UnknownStore(String);

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CHOICES.iter().find(|(_, choice)| choice == self).map_or("", |&(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Choice {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, UnknownStore> {
        let found = CHOICES.iter().find(|(name, _)| *name == text);
        found.map(|&(_, choice)| choice).ok_or_else(|| UnknownStore(text.to_owned()))
    }
}

/// Why tokens cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file does not do.
    #[error(transparent)]
    File(#[from] FileError),
    /// The keyring does not do, and nothing else is wanted.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl StoreError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => Some(error.hint()),
            Self::Keyring(error) => Some(error.hint()),
        }
    }
}

/// Keeps tokens.
///
/// A keyring may wait for a person to unlock it, for up to two minutes: an asynchronous caller asks on a thread where
/// waiting is allowed.
pub trait Store: fmt::Debug + Send + Sync {
    /// Where the tokens of an endpoint are, or would be kept, for `whoami`. Asks nobody.
    fn place(&self, endpoint: &str) -> String;

    /// Whether tokens can be kept where the user wants them; asked before a person is troubled with a sign-in.
    ///
    /// # Errors
    ///
    /// When the user chose a keyring that does not work. A file that may turn out not to be writable is no error yet.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether there is something in the place of an endpoint's tokens, of use or not. Asks nobody.
    fn has(&self, endpoint: &str) -> bool;

    /// The tokens of an endpoint, if there are any.
    ///
    /// # Errors
    ///
    /// When there may be some and they cannot be read.
    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError>;

    /// Keeps the tokens of an endpoint, in place of those that it had: afterwards there are the old ones or the new
    /// ones, never neither.
    ///
    /// # Errors
    ///
    /// When they cannot be kept.
    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError>;

    /// Forgets the tokens of an endpoint; says whether there were any.
    ///
    /// # Errors
    ///
    /// When they cannot be forgotten.
    fn remove(&self, endpoint: &str) -> Result<bool, StoreError>;

    /// The endpoints that have tokens, sorted.
    ///
    /// # Errors
    ///
    /// When nobody can tell.
    fn endpoints(&self) -> Result<Vec<String>, StoreError>;
}

/// The store of a choice; `folder` is for files, and for notes of what is in the keyring. Asks and opens nothing yet.
#[must_use]
pub fn open(choice: Choice, folder: PathBuf) -> Box<dyn Store> {
    Box::new(Places::new(choice, folder))
}
