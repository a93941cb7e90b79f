//! Decides which requests a server answers.
//!
//! A client whose calls are answered can run programs as the user, so three kinds of requests are rejected:
//!
//! - **Web pages**, which reach this machine's ports through the user's browser, and by DNS rebinding with a
//!   name of their own: requests with an `Origin`, requests for another host, and gRPC over HTTP/1.1, the
//!   only protocol that browsers use without TLS.
//! - **Other users** of this host: the socket tables have the owner of a connection (`peer.rs`).
//! - **Other hosts**, if the server listens on a public address: calls need the token (`token.rs`).
//!
//! A signed URL needs no other token, since flytekit sends none with it. The other rules hold for signed
//! URLs, too: URLs can be seen in lists of processes. Requests for objects are signed with a key that is
//! secret only where users are unknown; elsewhere their connection has to be the user's own.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header, uri::Authority};

use flyte_client::transport::SANDBOX_TOKEN;

use super::{
    peer::{self, ConnectionOwner, PeerConnection},
    response::{Body, full, plain},
    s3,
    token::ServerToken,
};

/// The headers for a token: those of flytekit's `admin.command` and `admin.proxyCommand`.
const CARRIERS: [&str; 2] = ["authorization", "proxy-authorization"];

/// The requirements for requests.
pub(super) struct Guard {
    /// Accepted host names besides those of loopback addresses.
    pub(super) hosts: Vec<String>,
    pub(super) token: ServerToken,
    /// Whether the server listens on a public address, where users are unknown.
    pub(super) is_public: bool,
}

/// Why a request is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejection {
    /// A browser sent it for a web page.
    #[error("rejected a request with an `Origin` header: web pages cannot use the sandbox")]
    Origin,
    /// It is for another host.
    #[error(
        "rejected a request for host `{0}`: neither a loopback address nor allowed by \
         `flyte-host sandbox start --allow-host`"
    )]
    Host(String),
    /// It has no host.
    #[error("rejected a request without a host")]
    NoHost,
    /// A call over HTTP/1.1.
    #[error("gRPC requires HTTP/2")]
    Version,
    /// Another user of this host.
    #[error("rejected a connection of uid {0}: the sandbox belongs to another user")]
    User(u32),
    /// The user of a request for an object is unknown, and its key is public.
    #[error("rejected a request for an object: the user of the connection is unknown")]
    UnknownUser,
    /// The user is unknown and the request has no valid token.
    #[error(
        "missing token: send `authorization: Bearer TOKEN` with the content of `server.token` in the \
         sandbox's folder"
    )]
    NoToken,
    /// The user is unknown and the token is wrong.
    #[error("invalid token: expected the content of `server.token` in the sandbox's folder")]
    ServerToken,
}

impl Guard {
    /// Checks a request before its body is read.
    pub(super) async fn check<B>(
        &self,
        client: &PeerConnection,
        request: &Request<B>,
    ) -> Result<(), Rejection> {
        if request.headers().contains_key(header::ORIGIN) {
            return Err(Rejection::Origin);
        }
        self.check_host(client.local_ip(), request)?;
        if !is_grpc(request.headers()) {
            return match self.owner(client).await {
                ConnectionOwner::Other(uid) => Err(Rejection::User(uid)),
                // Its sender has closed the connection already.
                ConnectionOwner::Unknown if s3::is_signed(request) && !self.has_secret_key() => {
                    Err(Rejection::UnknownUser)
                }
                ConnectionOwner::Own | ConnectionOwner::Unknown => Ok(()),
            };
        }
        if request.version() != Version::HTTP_2 {
            return Err(Rejection::Version);
        }
        if self.has_token(request.headers()) {
            return Ok(());
        }
        match self.owner(client).await {
            ConnectionOwner::Own => Ok(()),
            ConnectionOwner::Other(uid) => Err(Rejection::User(uid)),
            ConnectionOwner::Unknown if tokens(request.headers()).next().is_some() => {
                Err(Rejection::ServerToken)
            }
            ConnectionOwner::Unknown => Err(Rejection::NoToken),
        }
    }

    async fn owner(&self, client: &PeerConnection) -> ConnectionOwner {
        if self.is_public { ConnectionOwner::Unknown } else { client.owner().await }
    }

    /// Whether the key of the object store is a secret, as `address::requires_token` decides.
    fn has_secret_key(&self) -> bool {
        self.is_public || !peer::is_known()
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        // Compare all of them, so that the time taken does not reveal which one matched.
        tokens(headers).fold(false, |found, token| self.token.is(token) | found)
    }

    /// A request may have its host in the URI and in a header; both are checked.
    fn check_host<B>(&self, local: IpAddr, request: &Request<B>) -> Result<(), Rejection> {
        let mut is_named = false;
        let in_uri = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let in_headers = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
        for authority in in_uri.into_iter().chain(in_headers) {
            is_named = true;
            if !self.is_host(local, authority) {
                return Err(Rejection::Host(String::from_utf8_lossy(authority).into_owned()));
            }
        }
        if is_named { Ok(()) } else { Err(Rejection::NoHost) }
    }

    fn is_host(&self, local: IpAddr, authority: &[u8]) -> bool {
        let Ok(authority) = Authority::try_from(authority) else { return false };
        let host = authority.host();
        let is_named = |name: &String| name.eq_ignore_ascii_case(host);
        if authority.as_str().contains('@') {
            return false;
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback() || ip.to_canonical() == local,
            Err(_) => host.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(is_named),
        }
    }
}

/// Whether a request is a gRPC call, over HTTP/1.1 or HTTP/2.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

/// The tokens in a request's headers.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = CARRIERS.into_iter().flat_map(|name| headers.get_all(name));
    values.filter_map(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
    })
}

impl Rejection {
    fn status(&self) -> StatusCode {
        match self {
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::NoToken | Self::ServerToken => StatusCode::UNAUTHORIZED,
            Self::Host(_) | Self::NoHost | Self::Origin | Self::UnknownUser | Self::User(_) => {
                StatusCode::FORBIDDEN
            }
        }
    }

    /// The response; for a call it has both an HTTP status and a gRPC status, since clients check either.
    pub(super) fn response(&self, is_call: bool) -> Response<Body> {
        log::debug!("{self}");
        let status = self.status();
        let code = match self {
            Self::NoToken | Self::ServerToken => flyte_client::Code::Unauthenticated,
            _ => flyte_client::Code::PermissionDenied,
        };
        let text = self.to_string();
        let Ok(message) = HeaderValue::from_str(&text) else { return plain(status, &format!("{text}\n")) };
        if !is_call || *self == Self::Version {
            return plain(status, &format!("{text}\n"));
        }
        let mut response = Response::new(full(bytes::Bytes::new()));
        // Clients sign in on UNAUTHENTICATED; an HTTP error status would hide it.
        *response.status_mut() =
            if code == flyte_client::Code::Unauthenticated { StatusCode::OK } else { status };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from(code.number()));
        headers.insert("grpc-message", message);
        if code == flyte_client::Code::Unauthenticated {
            headers.insert(SANDBOX_TOKEN, HeaderValue::from_static("required"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(hosts: &[&str]) -> Guard {
        let folder = tempfile::tempdir().unwrap();
        let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
        Guard { hosts, token: ServerToken::open(folder.path()).ok().unwrap(), is_public: true }
    }

    #[test]
    fn hosts() {
        let guard = guard(&["build.example"]);
        let local = "10.1.2.3".parse().unwrap();
        let is_host = |authority: &str| guard.is_host(local, authority.as_bytes());
        for authority in [
            "localhost",
            "LocalHost:30080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:30080",
            "[::ffff:127.0.0.1]",
            "10.1.2.3:30080",
            "Build.Example:30080",
        ] {
            assert!(is_host(authority), "{authority}");
        }
        for authority in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.localhost",
            "localhost@evil.example",
            "evil.example@localhost",
            "127.0.0.1.evil.example",
            "10.1.2.4:30080",
            "0.0.0.0:30080",
            "[::]",
            "build.example.evil.example",
            "localhost evil",
            "2130706433",
            "0x7f.1",
        ] {
            assert!(!is_host(authority), "{authority}");
        }
    }

    #[test]
    fn every_name_of_a_host_counts() {
        let guard = guard(&[]);
        let local = "127.0.0.1".parse().unwrap();
        let check = |uri: &str, hosts: &[&str]| {
            let mut request = Request::get(uri).body(()).unwrap();
            for host in hosts {
                request.headers_mut().append(header::HOST, host.parse().unwrap());
            }
            guard.check_host(local, &request)
        };
        assert_eq!(check("/", &["localhost"]), Ok(()));
        assert_eq!(check("http://localhost:1/", &["localhost"]), Ok(()));
        assert_eq!(check("/", &[]), Err(Rejection::NoHost));
        let evil = || Err(Rejection::Host("evil.example".to_owned()));
        assert_eq!(check("http://localhost/", &["evil.example"]), evil());
        assert_eq!(check("http://evil.example/", &["localhost"]), evil());
        assert_eq!(check("/", &["localhost", "evil.example"]), evil());
    }

    #[test]
    fn tokens_are_found_in_headers() {
        let found = |name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )]);
            tokens(&headers).map(|token| String::from_utf8_lossy(token).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("authorization", "Bearer abc"), ["abc"]);
        assert_eq!(found("proxy-authorization", "bearer  abc "), ["abc"]);
        assert!(found("authorization", "Basic abc").is_empty());
        assert!(found("authorization", "Bear").is_empty());
        assert!(found("cookie", "Bearer abc").is_empty());
    }
}
