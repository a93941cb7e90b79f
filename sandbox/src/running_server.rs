//! How other processes find a server: `server.json` has its address and process, its lease says whether that
//! is true.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::lease;

/// The file with the address of a server.
pub(crate) const FILE: &str = "server.json";

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
        reachable(self.address)
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
pub(crate) fn announced(root: &Path) -> Option<RunningServer> {
    serde_json::from_slice(&fs::read(root.join(FILE)).ok()?).ok()
}

/// The address to connect to on this host.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        one => one,
    }
}
