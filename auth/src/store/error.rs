//! Errors of stores, with their hints.

use std::{io, path::PathBuf, time::Duration};

use super::entry::EntrySyntaxError;

/// Tokens cannot be stored or loaded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] TokenFileError),
    /// The keyring cannot be used, and is required.
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

/// A token file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// The content is not what this program writes.
    #[error("could not parse `{}`", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where parsing failed.
        source: EntrySyntaxError,
    },
    /// Others may read or write the file, so its content may have leaked or be forged.
    #[error("refusing to read `{}`: it is accessible to other users (mode {mode:04o})", path.display())]
    InsecureMode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A symlink may lead elsewhere, and a pipe may block.
    #[error("refusing to read `{}`: not a regular file (symlink, directory or device)", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Writing failed.
    #[error("could not write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl TokenFileError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Corrupt { path, .. } | Self::NotRegular { path } => {
                format!("remove `{}` and run `flyte-host login`", path.display())
            }
            Self::InsecureMode { path, .. } => format!(
                "run `chmod 600 '{}'`; if the tokens may have leaked, delete the file and run `flyte-host login`",
                path.display()
            ),
            Self::Read { .. } | Self::Write { .. } => {
                "make sure that you own the folder and can write to it, or set `XDG_STATE_HOME` to another one"
                    .to_owned()
            }
        }
    }
}

/// The keyring cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The entry is not what this program writes.
    #[error("could not parse the entry for `{endpoint}` in the system's keyring")]
    Corrupt {
        /// The endpoint.
        endpoint: String,
        /// Where parsing failed.
        source: EntrySyntaxError,
    },
    /// There is no keyring, or it returned an error.
    #[error("could not use the system's keyring: {0}")]
    Unavailable(String),
    /// The keyring did not answer.
    #[error(transparent)]
    TimedOut(#[from] KeyringTimeout),
}

impl KeyringError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Corrupt { .. } => "run `flyte-host logout`, then `flyte-host login`".to_owned(),
            Self::Unavailable(_) | Self::TimedOut(_) => {
                "unlock the keyring, or store tokens in a file: set `token-store = \"file\"` in `host.toml`, or \
                 `FLYTE_TOKEN_STORE=file`"
                    .to_owned()
            }
        }
    }
}

/// A keyring that did not answer in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringTimeout {
    /// It is locked, and the user did not unlock it.
    #[error("the system's keyring is locked, and was not unlocked within {} s", .0.as_secs())]
    Locked(Duration),
    /// It does not respond at all.
    #[error("the system's keyring did not answer within {} s", .0.as_secs())]
    NoAnswer(Duration),
}
