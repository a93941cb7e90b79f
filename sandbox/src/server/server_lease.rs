//! The right to serve a sandbox, and `server.json`, which announces the server that has it.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use flyte_client::atomic_file;

use super::error::ServeError;
use crate::{
    lease::{self, Lease},
    running_server::{FILE, RunningServer, announced},
};

/// The right to serve a sandbox.
#[derive(Debug)]
pub(crate) struct ServerLease {
    root: PathBuf,
    _lease: Lease,
}

impl ServerLease {
    /// Takes the lease, unless another process serves the sandbox.
    pub(crate) fn take(root: &Path) -> Result<Self, ServeError> {
        let taken = Lease::wait(root, lease::SERVER)
            .map_err(|source| ServeError::File { path: root.join(lease::SERVER), source })?;
        let Some(lease) = taken else {
            return Err(ServeError::AlreadyServed { root: root.to_owned(), running: announced(root) });
        };
        let lease = Self { root: root.to_owned(), _lease: lease };
        lease.withdraw()?;
        Ok(lease)
    }

    /// Writes the address for other processes.
    pub(super) fn announce(&self, address: SocketAddr) -> Result<(), ServeError> {
        let path = self.root.join(FILE);
        let running = RunningServer { pid: std::process::id(), address };
        let text = serde_json::to_vec(&running).expect("numbers and addresses have a JSON form");
        atomic_file::replace(&path, &text).map_err(|source| ServeError::File { path, source })
    }

    fn withdraw(&self) -> Result<(), ServeError> {
        let path = self.root.join(FILE);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(ServeError::File { path, source }),
            _ => Ok(()),
        }
    }
}

impl Drop for ServerLease {
    fn drop(&mut self) {
        // Best effort: readers check the lease first.
        let _ = self.withdraw();
    }
}
