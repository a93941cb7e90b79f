//! Addresses of servers: who reaches them, and how.

use std::net::SocketAddr;

use super::peer;
use crate::running_server::reachable;

/// Whether clients of a server on an address have to send its token, because the user of a connection is
/// unknown.
#[must_use]
pub fn requires_token(address: SocketAddr) -> bool {
    is_public(address) || !peer::is_known()
}

/// Whether an address is reachable from other hosts.
pub(super) fn is_public(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// The `host:port` for clients. A server on all addresses is reached by the first of its host names.
#[must_use]
pub fn authority(address: SocketAddr, hosts: &[String]) -> String {
    match hosts.first() {
        Some(host) if address.ip().is_unspecified() => format!("{host}:{}", address.port()),
        _ => reachable(address).to_string(),
    }
}
