//! The redirect URI, and listening on its port.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use http::Uri;
use tokio::net::TcpListener;

/// How many free ports are tried: one that is free on IPv4 may be in use on IPv6.
const ATTEMPTS: usize = 16;

/// The callback server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// Listening failed.
    #[error("could not listen on OAuth callback port {port}")]
    Listen {
        /// The port; 0: any.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The redirect URI is not a loopback URL.
    #[error("redirect URI `{0}` is not a loopback URL")]
    NotLoopback(String),
    /// Another program listens on the port.
    #[error("OAuth callback port {0} is already in use")]
    PortInUse(u16),
}

impl CallbackError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::NotLoopback(_) => {
                "ask your Flyte administrator to set the redirect URI to `http://localhost:PORT/callback`, or run `flyte-host \
                 login --device`"
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

/// A loopback redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    uri: String,
    host: String,
    port: u16,
    path: String,
    ips: Vec<IpAddr>,
}

impl Address {
    /// Parses a redirect URI. Unusual notations of addresses, such as `127.1`, are refused: browsers
    /// disagree about them.
    pub(super) fn parse(redirect_uri: &str) -> Result<Self, CallbackError> {
        let read = || {
            let uri: Uri = redirect_uri.parse().ok()?;
            let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"))?;
            let ips = ips(authority.host())?;
            let (host, port) = (authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(0));
            let has_plain_host =
                authority.as_str().eq_ignore_ascii_case(&host) || authority.port_u16().is_some();
            let is_plain = has_plain_host && !authority.as_str().contains('@');
            is_plain.then(|| Self {
                uri: redirect_uri.to_owned(),
                host,
                port,
                path: uri.path().to_owned(),
                ips,
            })
        };
        read().ok_or_else(|| CallbackError::NotLoopback(redirect_uri.to_owned()))
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether a request's path matches; trailing slashes do not matter, as in flytekit.
    pub(super) fn has_path(&self, path: &str) -> bool {
        path.trim_matches('/') == self.path.trim_matches('/')
    }

    /// Whether a `Host` header names this server; protects against DNS rebinding.
    pub(super) fn has_host(&self, header: &str) -> bool {
        let names = ["localhost", "127.0.0.1", "[::1]", &self.host];
        let (host, port) = match header.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (header, Some(80)),
        };
        port == Some(self.port) && names.iter().any(|name| host.eq_ignore_ascii_case(name))
    }

    /// Listens on every address that a browser may use.
    pub(super) async fn listen(self) -> Result<(Self, Vec<TcpListener>), CallbackError> {
        if self.port != 0 {
            let listeners = bind(&self.ips, self.port).await?;
            return Ok((self, listeners));
        }
        let mut left = ATTEMPTS;
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
        Ok((self.with_port(port), listeners))
    }

    /// Replaces the port, in the URI too.
    fn with_port(&self, port: u16) -> Self {
        let after = self.uri.find("://").map_or(0, |colon| colon + 3);
        let end = self.uri[after..].find(['/', '?', '#']).map_or(self.uri.len(), |end| after + end);
        let uri = format!("http://{}:{port}{}", self.host, &self.uri[end..]);
        Self { uri, port, ..self.clone() }
    }
}

/// The addresses of a loopback host.
fn ips(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        // A browser may use either.
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let ip: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    ip.is_loopback().then(|| vec![ip])
}

async fn bind(ips: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, CallbackError> {
    let (first, others) = ips.split_at(1.min(ips.len()));
    let mut listeners = Vec::new();
    for &ip in first {
        listeners.push(listen(ip, port).await.map_err(|source| bind_error(port, source))?);
    }
    listeners.extend(bind_others(others, port).await?);
    Ok(listeners)
}

/// IPv6 may not be available; but if another program listens there, it would get the code.
async fn bind_others(ips: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, CallbackError> {
    let mut listeners = Vec::new();
    for &ip in ips {
        match listen(ip, port).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(bind_error(port, error)),
            Err(error) => log::debug!("not listening on {ip}: {error}"),
        }
    }
    Ok(listeners)
}

async fn listen(ip: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(ip, port)).await
}

fn bind_error(port: u16, source: io::Error) -> CallbackError {
    match source.kind() {
        ErrorKind::AddrInUse => CallbackError::PortInUse(port),
        _ => CallbackError::Listen { port, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_uris_are_parsed() {
        let parsed = |uri: &str| Address::parse(uri).map(|found| (found.host, found.port, found.path)).ok();
        let found = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(parsed("http://localhost:53593/callback"), found("localhost", 53593, "/callback"));
        assert_eq!(parsed("HTTP://LocalHost:53593/callback?a=b"), found("localhost", 53593, "/callback"));
        assert_eq!(parsed("http://127.0.0.1/callback"), found("127.0.0.1", 0, "/callback"));
        assert_eq!(parsed("http://127.0.0.5:0"), found("127.0.0.5", 0, "/"));
        assert_eq!(parsed("http://[::1]:80/a/b"), found("[::1]", 80, "/a/b"));
    }

    #[test]
    fn other_uris_are_refused() {
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
                matches!(&parsed, Err(CallbackError::NotLoopback(named)) if named == uri),
                "{uri}: {parsed:?}"
            );
        }
    }

    #[test]
    fn only_loopback_hosts_match() {
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
    fn a_port_replaces_only_the_port_of_the_uri() {
        let at = |uri: &str| Address::parse(uri).unwrap().with_port(4711);
        assert_eq!(at("http://127.0.0.1:0/callback").uri, "http://127.0.0.1:4711/callback");
        assert_eq!(at("http://localhost/callback?a=b").uri, "http://localhost:4711/callback?a=b");
        assert_eq!(at("http://[::1]").uri, "http://[::1]:4711");
        assert!(at("http://localhost/callback").has_host("localhost:4711"));
    }
}
