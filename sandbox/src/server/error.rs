//! Why a sandbox cannot be served.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::running_server::RunningServer;

/// Why a sandbox cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process serves it.
    #[error("the sandbox in `{}` is already being served{}", root.display(), by(*running))]
    AlreadyServed {
        /// The sandbox's folder.
        root: PathBuf,
        /// Where, if that is known yet.
        running: Option<RunningServer>,
    },
    /// The address cannot be bound.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `server.json`, `server.lock` or `server.token` cannot be written.
    #[error("could not write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl ServeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyServed { .. } => Some("run `flyte-host sandbox stop` to stop it".to_owned()),
            Self::Listen { .. } => Some("use `--port` to choose another port".to_owned()),
            Self::File { .. } => None,
        }
    }
}

fn by(running: Option<RunningServer>) -> String {
    running.map_or(String::new(), |running| format!(" on `{}` by process {}", running.address, running.pid))
}
