//! Addresses of servers: who reaches them, and how.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::peer;

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

/// The address to connect to on this host.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        one => one,
    }
}

/// The `host:port` for clients. A server on all addresses is reached by the first of its host names.
#[must_use]
pub fn authority(address: SocketAddr, hosts: &[String]) -> String {
    match hosts.first() {
        Some(host) if address.ip().is_unspecified() => format!("{host}:{}", address.port()),
        _ => reachable(address).to_string(),
    }
}
