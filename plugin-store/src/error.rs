//! Errors of repositories, the lock file and the store.

use std::{io, path::PathBuf};

use plugin_host::signature::SignatureError;

/// Why a repository, the lock file or the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A key is another one than before.
    #[error("the key of {what} changed")]
    ChangedKey {
        /// Whose: "repository `https://…`", "plugin `acme`".
        what: String,
        /// The key so far, as base64.
        known: String,
        /// The key now: as base64, or its number.
        found: String,
        /// What the user can do to accept it.
        hint: String,
    },
    /// An index, a release or a file contradicts itself.
    #[error("invalid index of repository `{repository}`: {reason}")]
    Index {
        /// The repository.
        repository: String,
        /// Why.
        reason: String,
    },
    /// The index is no longer valid.
    #[error("the index of repository `{repository}` expired at {expires}")]
    Expired {
        /// The repository.
        repository: String,
        /// RFC 3339.
        expires: String,
    },
    /// A file has other content than the index says.
    #[error("`{file}` is not the file in the index of its repository")]
    Content {
        /// Its name in the repository.
        file: String,
        /// What differs.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("could not {verb} `{}`", path.display())]
    File {
        /// `read`, `write`, `remove`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
    /// A key's file cannot be used.
    #[error("cannot use key `{}`: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
        /// What the user can do.
        hint: Option<String>,
    },
    /// The lock file is not one.
    #[error("cannot parse `{}`", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        #[source]
        source: Box<toml_edit::de::Error>,
    },
    /// The index is older than one seen before.
    #[error("the index of repository `{repository}` is older than the last one")]
    RolledBack {
        /// The repository.
        repository: String,
        /// The serial number now.
        found: u64,
        /// The serial number before.
        known: u64,
    },
    /// No signature of the key.
    #[error("invalid signature of {what}")]
    Signature {
        /// What was signed.
        what: String,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// A release cannot be published.
    #[error("could not publish `{}`: {reason}", file.display())]
    Unpublishable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
        /// What the user can do.
        hint: Option<String>,
    },
    /// The lock file is of a later version.
    #[error("`{}` has format {found}; this program supports format {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this program.
        known: u32,
    },
}

impl StoreError {
    /// The facts that are not in the message, from the outermost.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::ChangedKey { known, found, .. } => {
                vec![format!("known key: {known}"), format!("key now: {found}")]
            }
            Self::Content { reason, .. } => vec![reason.clone()],
            Self::RolledBack { found, known, .. } => {
                vec![format!("its serial number is {found}, that of the last one was {known}")]
            }
            _ => Vec::new(),
        }
    }

    /// What the user can do about it; starts with a verb.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ChangedKey { hint, .. } => Some(hint.clone()),
            Self::Content { .. } | Self::Signature { .. } => {
                Some("tell the publisher: the file was damaged or replaced after it was signed".to_owned())
            }
            Self::Expired { .. } => Some(
                "check the clock, or ask the publisher to run `flyte-host plugin publish` again".to_owned(),
            ),
            Self::RolledBack { .. } => {
                Some("try again later, or use another mirror: this one serves an old copy".to_owned())
            }
            Self::Key { hint, .. } | Self::Unpublishable { hint, .. } => hint.clone(),
            Self::LockFile { path, .. } => {
                Some(format!("restore `{}`, or move it away and install the plugins again", path.display()))
            }
            Self::UnknownFormat { .. } => Some("update flyte-host".to_owned()),
            Self::File { .. } | Self::Index { .. } => None,
        }
    }

    /// An error of a file, for `map_err`.
    pub(crate) fn file(verb: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}
