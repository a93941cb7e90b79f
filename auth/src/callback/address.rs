//! Where the browser comes back to: what a redirect URI says, and whether this machine can listen there.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use http::Uri;
use tokio::net::TcpListener;

/// A free port of one address may be taken at the other one; so often another one is tried.
const TRIES: usize = 16;

/// Why the server cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The port cannot be listened on.
    #[error("port {port}, to which the browser is sent back, cannot be listened on")]
    Listen {
        /// The port; 0: any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The address is none of this machine's own.
    #[error("the redirect URI `{0}` does not lead back to this machine")]
    NotLocal(String),
    /// Another program listens on the port.
    #[error("OAuth callback port {0} is already in use")]
    PortInUse(u16),
}

impl CallbackError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::NotLocal(_) => {
                "the operator of this Flyte chose it; ask them for one with `localhost`, or sign in with `flyte-host login \
                 --device`"
            }
            Self::PortInUse(_) => {
                "stop the program that uses it, or run `flyte-host login --device`; your Flyte administrator sets the port"
            }
            Self::Listen { .. } => {
                "run `flyte-host login --device`, or ask your Flyte administrator for another port in the redirect URI"
            }
        };
        hint.to_owned()
    }
}

/// A redirect URI that leads back to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    uri: String,
    host: String,
    port: u16,
    path: String,
    ips: Vec<IpAddr>,
}

impl Address {
    /// Reads a redirect URI. Odd ways to write an address, such as `127.1`, are refused: browsers differ about them.
    pub(super) fn parse(redirect_uri: &str) -> Result<Self, CallbackError> {
        let read = || {
            let uri: Uri = redirect_uri.parse().ok()?;
            let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"))?;
            let ips = ips(authority.host())?;
            let (host, port) = (authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(0));
            let plain = authority.as_str().eq_ignore_ascii_case(&host) || authority.port_u16().is_some();
            let named = plain && !authority.as_str().contains('@');
            named.then(|| Self { uri: redirect_uri.to_owned(), host, port, path: uri.path().to_owned(), ips })
        };
        read().ok_or_else(|| CallbackError::NotLocal(redirect_uri.to_owned()))
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether a request's path is that of the URI; a slash more or less is the same, as for flytekit.
    pub(super) fn has_path(&self, path: &str) -> bool {
        path.trim_matches('/') == self.path.trim_matches('/')
    }

    /// Whether a `Host` header names this server. A page that has its own name point here, to read what is answered,
    /// does not get an answer.
    pub(super) fn has_host(&self, header: &str) -> bool {
        let names = ["localhost", "127.0.0.1", "[::1]", &self.host];
        let (host, port) = match header.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (header, Some(80)),
        };
        port == Some(self.port) && names.iter().any(|name| host.eq_ignore_ascii_case(name))
    }

    /// Listens at every address that a browser may take.
    pub(super) async fn listen(self) -> Result<(Self, Vec<TcpListener>), CallbackError> {
        if self.port != 0 {
            let listeners = bind(&self.ips, self.port).await?;
            return Ok((self, listeners));
        }
        let mut left = TRIES;
        loop {
            left -= 1;
            match self.listen_anywhere().await {
                Err(CallbackError::PortInUse(_)) if left > 0 => {}
                listening => return listening,
            }
        }
    }

    async fn listen_anywhere(&self) -> Result<(Self, Vec<TcpListener>), CallbackError> {
        let (first, others) = self.ips.split_at(1);
        let mut listeners = bind(first, 0).await?;
        let local = listeners.first().map(TcpListener::local_addr);
        let port = local.transpose().map_err(|source| CallbackError::Listen { port: 0, source })?;
        let port = port.map_or(0, |address| address.port());
        listeners.extend(bind_others(others, port).await?);
        Ok((self.at(port), listeners))
    }

    /// The same with another port, in the URI too.
    fn at(&self, port: u16) -> Self {
        let after = self.uri.find("://").map_or(0, |colon| colon + 3);
        let end = self.uri[after..].find(['/', '?', '#']).map_or(self.uri.len(), |end| after + end);
        let uri = format!("http://{}:{port}{}", self.host, &self.uri[end..]);
        Self { uri, port, ..self.clone() }
    }
}

/// The addresses of a host of this machine.
fn ips(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        // A browser may take either.
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let ip: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    ip.is_loopback().then(|| vec![ip])
}

async fn bind(ips: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, CallbackError> {
    let (first, others) = ips.split_at(1.min(ips.len()));
    let mut listeners = Vec::new();
    for &ip in first {
        listeners.push(listen(ip, port).await.map_err(|source| not_bound(port, source))?);
    }
    listeners.extend(bind_others(others, port).await?);
    Ok(listeners)
}

/// Not every machine has IPv6; but if a stranger has that side of the port, the code would be theirs.
async fn bind_others(ips: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, CallbackError> {
    let mut listeners = Vec::new();
    for &ip in ips {
        match listen(ip, port).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(not_bound(port, error)),
            Err(error) => log::debug!("the browser cannot come back to {ip}: {error}"),
        }
    }
    Ok(listeners)
}

async fn listen(ip: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(ip, port)).await
}

fn not_bound(port: u16, source: io::Error) -> CallbackError {
    match source.kind() {
        ErrorKind::AddrInUse => CallbackError::PortInUse(port),
        _ => CallbackError::Listen { port, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_back_to_this_machine() {
        let parsed = |uri: &str| Address::parse(uri).map(|found| (found.host, found.port, found.path)).ok();
        let found = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(parsed("http://localhost:53593/callback"), found("localhost", 53593, "/callback"));
        assert_eq!(parsed("HTTP://LocalHost:53593/callback?a=b"), found("localhost", 53593, "/callback"));
        assert_eq!(parsed("http://127.0.0.1/callback"), found("127.0.0.1", 0, "/callback"));
        assert_eq!(parsed("http://127.0.0.5:0"), found("127.0.0.5", 0, "/"));
        assert_eq!(parsed("http://[::1]:80/a/b"), found("[::1]", 80, "/a/b"));
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let others = [
            "",
            "/callback",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://localhost:53593/callback",
            "http://flyte.example/callback",
            "http://0.0.0.0:53593/callback",
            "http://[::]:53593/callback",
            "http://[::ffff:127.0.0.1]:53593/callback",
            "http://192.168.0.5:53593/callback",
            "http://localhost.flyte.example/callback",
            "http://localhost@flyte.example:53593/callback",
            "http://flyte.example@localhost:53593/callback",
            "http://localhost:65536/callback",
            "http://localhost:x/callback",
            "http://127.1/callback",
        ];
        for uri in others {
            let parsed = Address::parse(uri);
            assert!(
                matches!(&parsed, Err(CallbackError::NotLocal(named)) if named == uri),
                "{uri}: {parsed:?}"
            );
        }
    }

    #[test]
    fn only_our_own_names_are_ours() {
        let address = Address::parse("http://localhost:53593/callback").unwrap();
        for host in ["localhost:53593", "LOCALHOST:53593", "127.0.0.1:53593", "[::1]:53593"] {
            assert!(address.has_host(host), "{host}");
        }
        for host in
            ["", "localhost", "localhost:1", "flyte.example:53593", "localhost.evil.example:53593", "[::1]"]
        {
            assert!(!address.has_host(host), "{host}");
        }
    }

    #[test]
    fn a_port_gets_into_the_uri_and_nothing_else_changes() {
        let at = |uri: &str| Address::parse(uri).unwrap().at(4711);
        assert_eq!(at("http://127.0.0.1:0/callback").uri, "http://127.0.0.1:4711/callback");
        assert_eq!(at("http://localhost/callback?a=b").uri, "http://localhost:4711/callback?a=b");
        assert_eq!(at("http://[::1]").uri, "http://[::1]:4711");
        assert!(at("http://localhost/callback").has_host("localhost:4711"));
    }
}
