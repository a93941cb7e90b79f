//! A TCP connection to a host, straight or through a proxy's tunnel.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use http::{Uri, uri::Scheme};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, dns::Name},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_service::Service;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

tokio::task_local! {
    /// Where the one connection that a task makes tells that it was accepted: what goes on after that is TLS.
    pub(super) static ACCEPTED: Accepted;
}

/// Whether a TCP connection came about.
#[derive(Clone, Default)]
pub(super) struct Accepted(Arc<AtomicBool>);

impl Accepted {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Tells whoever waits for this connection, if anybody does.
    fn tell() {
        let _ = ACCEPTED.try_with(|accepted| accepted.0.store(true, Ordering::Relaxed));
    }
}

/// Why there is no connection, where the system alone does not say it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// No such host.
    #[error("`{host}` is no host that this machine can find")]
    Name {
        /// What was looked for.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy said no.
    #[error("proxy `{proxy}` does not lead there")]
    Refused {
        /// Without user and password.
        proxy: String,
        /// The first line of its answer.
        answer: String,
    },
    /// The proxy wants to be spoken to in a way that does not exist here.
    #[error("proxy `{proxy}` is not an `http://` one")]
    Scheme {
        /// Without user and password.
        proxy: String,
    },
    /// The proxy cannot be reached.
    #[error("proxy `{proxy}` cannot be reached")]
    Unreachable {
        /// Without user and password.
        proxy: String,
        /// Why.
        source: BoxError,
    },
}

/// Makes TCP connections.
#[derive(Clone)]
pub(super) struct Dial {
    tcp: HttpConnector<Resolver>,
    proxies: Arc<Matcher>,
    /// Whether plain text goes the way of TLS: proxies of gRPC are those for `https://`, whatever it speaks.
    as_https: bool,
}

impl Dial {
    /// Takes the proxy for `https://` for all.
    pub(super) fn tunnel(proxies: Matcher) -> Self {
        Self::new(proxies, true)
    }

    /// Takes the proxy of each URL's scheme.
    pub(super) fn by_scheme(proxies: Matcher) -> Self {
        Self::new(proxies, false)
    }

    fn new(proxies: Matcher, as_https: bool) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, proxies: Arc::new(proxies), as_https }
    }

    fn proxy(&self, target: &Uri) -> Option<Intercept> {
        let host = target.host()?.trim_matches(['[', ']']);
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_here {
            return None;
        }
        if !self.as_https {
            return self.proxies.intercept(target);
        }
        let mut parts = target.clone().into_parts();
        parts.scheme = Some(Scheme::HTTPS);
        self.proxies.intercept(&Uri::from_parts(parts).ok()?)
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Boxed<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxy(&target) else {
            let connecting = self.tcp.call(target);
            return Box::pin(async move {
                let stream = connecting.await?;
                Accepted::tell();
                Ok(stream)
            });
        };
        let address = proxy.uri().clone();
        let shown = format!("{}:{}", address.host().unwrap_or_default(), port(&address));
        if address.scheme() != Some(&Scheme::HTTP) {
            return Box::pin(std::future::ready(Err(DialError::Scheme { proxy: shown }.into())));
        }
        let connecting = self.tcp.call(address);
        Box::pin(async move {
            let unreachable = |source: BoxError| DialError::Unreachable { proxy: shown.clone(), source };
            let mut stream = connecting.await.map_err(|error| unreachable(error.into()))?.into_inner();
            let answer =
                tunnel(&mut stream, &target, &proxy).await.map_err(|error| unreachable(error.into()))?;
            match answer.split(' ').nth(1) {
                Some(code) if code.starts_with('2') => {
                    Accepted::tell();
                    Ok(TokioIo::new(stream))
                }
                _ => Err(DialError::Refused { proxy: shown, answer }.into()),
            }
        })
    }
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 })
}

/// The longest answer to CONNECT that is read.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Asks a proxy to lead on, and returns the first line of what it says.
async fn tunnel(stream: &mut TcpStream, target: &Uri, proxy: &Intercept) -> io::Result<String> {
    let place = format!("{}:{}", target.host().unwrap_or_default(), port(target));
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").into_bytes();
    if let Some(authorization) = proxy.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    // Byte by byte: what follows the empty line is already the server's.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > LONGEST_ANSWER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer to CONNECT has no end"));
        }
        answer.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

/// The system's resolver, whose failures can be told from others.
#[derive(Clone, Debug)]
struct Resolver;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DialError;
    type Future = Boxed<Self::Response, DialError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|source| DialError::Name { host: name.to_string(), source })?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}
