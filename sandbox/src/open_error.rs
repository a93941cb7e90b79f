//! Why a sandbox cannot be opened.

use std::{io, path::PathBuf};

/// Why a sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error("the sandbox's folder `{}` cannot be made", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database cannot be opened or brought up to date.
    #[error("the sandbox's database `{}` cannot be opened", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The folder is another user's.
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
    #[error("the sandbox in `{}` was made by a later version of flyte-host", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
    },
}
