//! The user that opened a local connection.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::{net::TcpStream, sync::OnceCell};

/// The user at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionOwner {
    /// The user of this process, or root.
    Own,
    /// Another user of this machine, by uid.
    Other(u32),
    /// Unknown: the peer is on another machine or in another network namespace, has closed its
    /// socket already, or this is not Linux.
    Unknown,
}

/// A connection. Its owner is looked up once, at the first use.
pub(super) struct PeerConnection {
    peer: SocketAddr,
    local: SocketAddr,
    owner: OnceCell<ConnectionOwner>,
    /// The socket, to check whether the connection is still open.
    #[cfg(target_os = "linux")]
    socket: std::net::TcpStream,
}

impl PeerConnection {
    /// # Errors
    ///
    /// When the connection is closed already.
    pub(super) fn new(stream: &TcpStream) -> io::Result<Self> {
        Ok(Self {
            peer: canonical(stream.peer_addr()?),
            local: canonical(stream.local_addr()?),
            owner: OnceCell::new(),
            #[cfg(target_os = "linux")]
            socket: std::os::fd::AsFd::as_fd(stream).try_clone_to_owned()?.into(),
        })
    }

    /// The local address.
    pub(super) fn local_ip(&self) -> IpAddr {
        self.local.ip()
    }

    /// The user that opened the connection.
    #[cfg(target_os = "linux")]
    pub(super) async fn owner(&self) -> ConnectionOwner {
        let find = || async {
            let (peer, local) = (self.peer, self.local);
            // The kernel lists all sockets, which takes about 2 ms.
            let found = tokio::task::spawn_blocking(move || table::uid(peer, local)).await;
            let own = rustix::process::geteuid().as_raw();
            match found {
                // A port that was freed meanwhile may have a new owner.
                Ok(Some(_)) if self.socket.peer_addr().is_err() => ConnectionOwner::Unknown,
                Ok(Some(uid)) if uid == own || uid == 0 => ConnectionOwner::Own,
                Ok(Some(uid)) => ConnectionOwner::Other(uid),
                Ok(None) | Err(_) => ConnectionOwner::Unknown,
            }
        };
        *self.owner.get_or_init(find).await
    }

    /// The user that opened the connection.
    #[cfg(not(target_os = "linux"))]
    pub(super) async fn owner(&self) -> ConnectionOwner {
        let _ = self.peer;
        *self.owner.get_or_init(|| async { ConnectionOwner::Unknown }).await
    }
}

/// Whether the owners of local connections can be looked up.
#[cfg(target_os = "linux")]
pub(super) fn is_known() -> bool {
    procfs::net::tcp().is_ok()
}

/// Whether the owners of local connections can be looked up.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_known() -> bool {
    false
}

/// Converts an IPv4-mapped IPv6 address to IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    (address.ip().to_canonical(), address.port()).into()
}

/// The kernel's tables of sockets, `proc_net_tcp(5)`.
#[cfg(target_os = "linux")]
mod table {
    use std::net::SocketAddr;

    use procfs::net::{TcpNetEntry, TcpState, tcp, tcp6};

    use super::canonical;

    /// The owner of the socket that is bound to `peer` and connected to `local`.
    pub(super) fn uid(peer: SocketAddr, local: SocketAddr) -> Option<u32> {
        let in_table = |table: Vec<TcpNetEntry>| {
            table.into_iter().find(|entry| is_end_of(entry, peer, local)).map(|entry| entry.uid)
        };
        let ipv4 = || peer.is_ipv4().then(|| tcp().ok().and_then(in_table)).flatten();
        // An IPv6 socket may be connected to an IPv4 address.
        ipv4().or_else(|| tcp6().ok().and_then(in_table))
    }

    /// A closed socket has no inode, and the tables list it as root's.
    fn is_end_of(entry: &TcpNetEntry, peer: SocketAddr, local: SocketAddr) -> bool {
        let is_open = matches!(entry.state, TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2);
        entry.inode != 0
            && is_open
            && canonical(entry.local_address) == peer
            && canonical(entry.remote_address) == local
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Both ends of a connection that is opened by a thread of another user: on Linux, threads have users.
    async fn connected(uid: Option<u32>, listen: &str) -> (TcpStream, std::net::TcpStream) {
        let listener = tokio::net::TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connect = move || {
            if let Some(uid) = uid {
                rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(uid)).unwrap();
            }
            std::net::TcpStream::connect(address).unwrap()
        };
        let other = std::thread::spawn(connect).join().unwrap();
        (listener.accept().await.unwrap().0, other)
    }

    fn is_root() -> bool {
        let is_root = rustix::process::geteuid().is_root();
        if !is_root {
            let _ = writeln!(io::stderr(), "skipped: only root can act as another user");
        }
        is_root
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_connection_of_ones_own() {
        for listen in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
            let (stream, _other) = connected(None, listen).await;
            assert_eq!(PeerConnection::new(&stream).unwrap().owner().await, ConnectionOwner::Own, "{listen}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_connection_of_another_user() {
        if !is_root() {
            return;
        }
        let (stream, other) = connected(Some(65534), "127.0.0.1:0").await;
        assert_eq!(PeerConnection::new(&stream).unwrap().owner().await, ConnectionOwner::Other(65534));
        // A half-closed connection keeps its owner.
        let (stream, half) = connected(Some(65534), "127.0.0.1:0").await;
        half.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(PeerConnection::new(&stream).unwrap().owner().await, ConnectionOwner::Other(65534));
        drop(other);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_closed_socket_has_no_owner() {
        // The tables list it under uid 0.
        let (stream, other) = connected(is_root().then_some(65534), "127.0.0.1:0").await;
        let client = PeerConnection::new(&stream).unwrap();
        drop(other);
        assert_eq!(client.owner().await, ConnectionOwner::Unknown);
    }
}
