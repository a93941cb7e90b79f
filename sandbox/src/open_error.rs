//! Why a sandbox cannot be opened.

use std::{io, path::PathBuf};

/// Why a sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be created.
    #[error("could not create the sandbox's folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database cannot be opened or brought up to date.
    #[error("could not open the sandbox's database `{}`", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The folder belongs to another user.
    #[error("could not open the sandbox in `{}`: the folder belongs to another user (uid {uid})", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its user.
        uid: u32,
    },
    /// The folder is open to other users, and holds more than a sandbox.
    #[error(
        "could not open the sandbox in `{}`: other users may read the folder, and it holds other files",
        path.display()
    )]
    Shared {
        /// The folder.
        path: PathBuf,
    },
    /// The database is of a later version of this program.
    #[error("could not open the sandbox in `{}`: it was created by a later version of flyte-host", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
    },
}
