//! Where tokens are kept between commands: one entry for each endpoint.
//!
//! The system's keyring where one works, else a file that only its owner can read. The entries are this program's
//! own: no other client reads or writes them.

mod file;
mod keyring;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sha2::{Digest as _, Sha256};

pub use self::{
    file::{FileError, FileStore},
    keyring::{KeyringError, KeyringStore},
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
    /// Nowhere: each command signs in anew.
    None,
}

/// The names of the choices, as settings and messages have them.
const CHOICES: [(&str, Choice); 4] =
    [("auto", Choice::Auto), ("keyring", Choice::Keyring), ("file", Choice::File), ("none", Choice::None)];

/// The text names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no store of tokens: there are `auto`, `keyring`, `file` and `none`")]
pub struct UnknownStore(String);

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
            Self::File(error) => error.hint(),
            Self::Keyring(error) => Some(error.hint()),
        }
    }
}

/// Keeps tokens.
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

/// Opens the store of a choice; `folder` is for files.
///
/// # Errors
///
/// When the keyring is wanted and does not work.
pub fn open(choice: Choice, folder: PathBuf) -> Result<Box<dyn Store>, StoreError> {
    let file = FileStore::new(folder.clone());
    Ok(match choice {
        Choice::File => Box::new(file),
        Choice::None => Box::new(Nowhere),
        Choice::Keyring => Box::new(KeyringStore::open(folder)?),
        Choice::Auto => match KeyringStore::open(folder) {
            Ok(keyring) => Box::new(keyring),
            Err(error) => {
                log::info!("tokens are kept in a file: {error}");
                Box::new(file)
            }
        },
    })
}

/// A file of an endpoint's: its name tells a person which endpoint it is, and is no other endpoint's.
pub(crate) fn path_of(folder: &Path, endpoint: &str, kind: &str) -> PathBuf {
    let readable = endpoint.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let readable: String = readable.take(60).collect();
    let digest = Sha256::digest(endpoint.as_bytes());
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{readable}.{digest}.{kind}"))
}

/// Makes the folder of tokens and locks, if it is missing, for its owner only.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Keeps nothing.
#[derive(Debug)]
struct Nowhere;

impl Store for Nowhere {
    fn place(&self, _: &str) -> String {
        "nowhere".to_owned()
    }

    fn load(&self, _: &str) -> Result<Option<Tokens>, StoreError> {
        Ok(None)
    }

    fn save(&self, _: &str, _: &Tokens) -> Result<(), StoreError> {
        Ok(())
    }

    fn remove(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}
