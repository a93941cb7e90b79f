//! How other processes find a server: `server.json` has its address and process, its lease says whether that
//! is true.

use std::{fs, net::SocketAddr, path::Path};

use serde::{Deserialize, Serialize};

use super::address;
use crate::lease;

/// The file with the address of a server.
pub(super) const FILE: &str = "server.json";

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
        address::reachable(self.address)
    }
}

/// The server of the sandbox in a folder; `None` if there is none.
///
/// A `server.json` that a killed server left behind is ignored.
#[must_use]
pub fn running_server(root: &Path) -> Option<RunningServer> {
    lease::is_held(root, lease::SERVER).ok().filter(|is_held| *is_held).and_then(|_| announced(root))
}

/// What `server.json` has, whether its server is running or not.
pub(super) fn announced(root: &Path) -> Option<RunningServer> {
    serde_json::from_slice(&fs::read(root.join(FILE)).ok()?).ok()
}
