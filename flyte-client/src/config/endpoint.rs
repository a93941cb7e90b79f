//! Endpoints of Flyte: `host`, `host:port`, and the two with a scheme.

use std::{fmt, net::IpAddr, str::FromStr};

/// Where a Flyte control plane listens, such as `flyte.example.org`, `localhost:30080` or
/// `https://flyte.example.org`.
///
/// `Display` gives the text that flytekit would hold: as written, without `dns:///`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    text: String,
    scheme: Option<Scheme>,
    host: String,
    port: Option<u16>,
}

/// The scheme that an endpoint may carry. Whether TLS is used follows `insecure`, not the scheme, as in
/// flytekit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http://`
    Http,
    /// `https://`
    Https,
}

impl Endpoint {
    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is this machine, as far as the name tells.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The scheme, where one is written.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The endpoint as flytekit holds it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `host:port`, as a URL wants it; the port is that of the scheme (80 or 443) where none is written, and
    /// without a scheme that of TLS (443) or plain text (80).
    pub fn authority(&self, insecure: bool) -> String {
        let plain = self.scheme.map_or(insecure, |scheme| scheme == Scheme::Http);
        let port = self.port.unwrap_or(if plain { 80 } else { 443 });
        match self.host.contains(':') {
            true => format!("[{}]:{port}", self.host),
            false => format!("{}:{port}", self.host),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {problem}")]
pub struct EndpointError {
    text: String,
    problem: String,
}

impl EndpointError {
    /// What an endpoint looks like.
    pub fn hint(&self) -> Option<String> {
        Some(
            "an endpoint is a host with an optional port, such as `flyte.example.org` or `localhost:30080`"
                .to_owned(),
        )
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse = |problem: &str| EndpointError { text: text.to_owned(), problem: problem.to_owned() };
        // flytekit deletes `dns:///` wherever it stands (`flytekit/configuration/internal.py`,
        // `Platform.URL`).
        let kept = text.replace("dns:///", "");
        if kept.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(refuse("contains a space"));
        }
        let (scheme, rest) = split_scheme(&kept).map_err(|problem| refuse(&problem))?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(refuse("has a path; remove it: an endpoint is a host with an optional port"));
        }
        if authority.contains('@') {
            return Err(EndpointError {
                text: "…@…".to_owned(),
                problem:
                    "contains a user name or password; remove it: an endpoint is a host with an optional port"
                        .to_owned(),
            });
        }
        let (host, port) = split_port(authority).map_err(|problem| refuse(&problem))?;
        let host = host.to_owned();
        Ok(Endpoint { scheme, host, port, text: kept })
    }
}

fn split_scheme(text: &str) -> Result<(Option<Scheme>, &str), String> {
    match text.split_once("://") {
        None => Ok((None, text)),
        Some(("http", rest)) => Ok((Some(Scheme::Http), rest)),
        Some(("https", rest)) => Ok((Some(Scheme::Https), rest)),
        Some((other, _)) => {
            Err(format!("has the scheme `{other}://`; use `dns:///`, `http://` or `https://`"))
        }
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or("has an unclosed bracket")?;
            host.parse::<std::net::Ipv6Addr>()
                .map_err(|_| "has brackets around something that is not an IPv6 address")?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':').ok_or("has text after the closing bracket")?)),
            }
        }
        None if authority.matches(':').count() > 1 => {
            return Err(
                "has several colons; put an IPv6 address in brackets, such as `[::1]:30080`".to_owned()
            );
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (checked_host(host)?, Some(port)),
            None => (checked_host(authority)?, None),
        },
    };
    match port {
        None => Ok((host, None)),
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.chars().all(|c| c.is_ascii_digit()) => Ok((host, Some(number))),
            _ => Err(format!("has the invalid port `{port}`; use a number from 1 to 65535")),
        },
    }
}

fn checked_host(host: &str) -> Result<&str, String> {
    if host.is_empty() {
        return Err("has no host".to_owned());
    }
    if host.chars().all(|c| c.is_ascii_digit()) {
        return Err("is a bare number, not a host".to_owned());
    }
    match host.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))) {
        Some(c) => Err(format!("has the character `{c}` in its host")),
        None => Ok(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<u16>, String) {
        let endpoint: Endpoint = text.parse().unwrap();
        (endpoint.host().to_owned(), endpoint.port(), endpoint.to_string())
    }

    fn refused(text: &str) -> String {
        text.parse::<Endpoint>().unwrap_err().to_string()
    }

    #[test]
    fn hosts_ports_and_schemes() {
        assert_eq!(
            parts("flyte.example.org"),
            ("flyte.example.org".into(), None, "flyte.example.org".into())
        );
        assert_eq!(
            parts("dns:///localhost:30080"),
            ("localhost".into(), Some(30080), "localhost:30080".into())
        );
        assert_eq!(parts("https://a.b/"), ("a.b".into(), None, "https://a.b/".into()));
        assert_eq!(parts("[::1]:80"), ("::1".into(), Some(80), "[::1]:80".into()));
        assert_eq!(parts("10.0.0.1:8089"), ("10.0.0.1".into(), Some(8089), "10.0.0.1:8089".into()));
    }

    #[test]
    fn the_port_follows_the_scheme_and_then_tls() {
        let authority = |text: &str, insecure| text.parse::<Endpoint>().unwrap().authority(insecure);
        assert_eq!(authority("a", false), "a:443");
        assert_eq!(authority("a", true), "a:80");
        assert_eq!(authority("http://a", false), "a:80");
        assert_eq!(authority("https://a", true), "a:443");
        assert_eq!(authority("[::1]:9", true), "[::1]:9");
    }

    #[test]
    fn this_machine_has_several_names() {
        let is_loopback = |text: &str| text.parse::<Endpoint>().unwrap().is_loopback();
        assert!(["localhost", "http://127.0.0.1:80", "[::1]:80"].into_iter().all(is_loopback));
        assert!(!["localhost.example.org", "10.0.0.1:80", "[2001:db8::1]"].into_iter().any(is_loopback));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(refused(""), "`` has no host");
        assert_eq!(refused(":80"), "`:80` has no host");
        assert_eq!(refused("30080"), "`30080` is a bare number, not a host");
        assert_eq!(refused("a b"), "`a b` contains a space");
        assert_eq!(refused("a:x"), "`a:x` has the invalid port `x`; use a number from 1 to 65535");
        assert_eq!(refused("a:0"), "`a:0` has the invalid port `0`; use a number from 1 to 65535");
        assert_eq!(refused("a:+1"), "`a:+1` has the invalid port `+1`; use a number from 1 to 65535");
        assert_eq!(
            refused("a:65536"),
            "`a:65536` has the invalid port `65536`; use a number from 1 to 65535"
        );
        assert_eq!(
            refused("https://a/console"),
            "`https://a/console` has a path; remove it: an endpoint is a host with an optional port"
        );
        assert_eq!(
            refused("grpc://a"),
            "`grpc://a` has the scheme `grpc://`; use `dns:///`, `http://` or `https://`"
        );
        assert_eq!(
            refused("::1"),
            "`::1` has several colons; put an IPv6 address in brackets, such as `[::1]:30080`"
        );
        assert_eq!(refused("[x]"), "`[x]` has brackets around something that is not an IPv6 address");
        assert_eq!(refused("[::1"), "`[::1` has an unclosed bracket");
        assert_eq!(refused("a$b"), "`a$b` has the character `$` in its host");
        assert_eq!(
            refused("https://ada:pw@a"),
            "`…@…` contains a user name or password; remove it: an endpoint is a host with an optional port"
        );
    }
}
