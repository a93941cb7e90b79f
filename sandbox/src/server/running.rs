//! How other processes find a server: `server.json` has its address and process, its lease says whether that
//! is true.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use flyte_client::atomic_file;
use serde::{Deserialize, Serialize};

use super::ServeError;
use crate::lease::{self, Lease};

const FILE: &str = "server.json";

/// A server of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Its process id.
    pub pid: u32,
    /// The address that it listens on.
    pub address: SocketAddr,
}

impl RunningServer {
    /// The address to connect to on this host: a loopback address for a server on all addresses.
    #[must_use]
    pub fn reachable(&self) -> SocketAddr {
        super::reachable(self.address)
    }
}

/// The server of the sandbox in a folder; `None` if there is none.
///
/// A `server.json` that a killed server left behind is ignored.
#[must_use]
pub fn running_server(root: &Path) -> Option<RunningServer> {
    lease::is_held(root, lease::SERVER).ok().filter(|is_held| *is_held).and_then(|_| announced(root))
}

fn announced(root: &Path) -> Option<RunningServer> {
    serde_json::from_slice(&fs::read(root.join(FILE)).ok()?).ok()
}

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
