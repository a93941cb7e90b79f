//! A TCP connection to a host, straight or through a proxy's tunnel.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Uri, uri::Scheme};
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    proxy::{Proxies, ProxyAddress},
    tunnel::{self, ProxyError, ProxyName, ProxyProblem, host_and_port},
};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

tokio::task_local! {
    /// How far the one connection is that a task makes: TLS comes after [`Stage::Accepted`].
    pub(super) static PROGRESS: Progress;
}

/// How far a connection is.
#[derive(Clone, Debug, Default)]
pub(crate) enum Stage {
    /// Not yet accepted by the server.
    #[default]
    ToServer,
    /// Not yet accepted by a proxy.
    ToProxy(ProxyName),
    /// The proxy was asked to lead on.
    AskedProxy(ProxyName),
    /// Accepted, perhaps behind a proxy.
    Accepted(Option<ProxyName>),
}

/// Where a connection tells its [`Stage`].
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Stage>>);

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The proxy that led on, if the connection came that far.
    pub(super) fn proxy(&self) -> Option<ProxyName> {
        match self.stage() {
            Stage::Accepted(proxy) => proxy,
            _ => None,
        }
    }

    /// Reports the stage to the task that waits for this connection, if one does.
    fn report(stage: Stage) {
        let _ = PROGRESS.try_with(|progress| {
            *progress.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
        });
    }
}

/// Connection errors that the system's error does not describe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// No such host.
    #[error("could not resolve host `{host}`")]
    Name {
        /// What was looked for.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy leads nowhere.
    #[error(transparent)]
    Proxy(Box<ProxyError>),
}

/// Makes TCP connections.
#[derive(Clone)]
pub(super) struct Dial {
    tcp: HttpConnector<Resolver>,
    proxies: Proxies,
    /// Whether plain text goes the way of TLS: proxies of gRPC are those for `https://`, whatever it speaks.
    as_https: bool,
}

impl Dial {
    /// Takes the proxy for `https://` for all.
    pub(super) fn tunnel(proxies: Proxies) -> Self {
        Self::new(proxies, true)
    }

    /// Takes the proxy of each URL's scheme.
    pub(super) fn by_scheme(proxies: Proxies) -> Self {
        Self::new(proxies, false)
    }

    fn new(proxies: Proxies, as_https: bool) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, proxies, as_https }
    }

    fn proxy(&self, target: &Uri) -> Option<(ProxyName, ProxyAddress)> {
        let host = target.host()?.trim_matches(['[', ']']);
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_here {
            return None;
        }
        let mut parts = target.clone().into_parts();
        if self.as_https {
            parts.scheme = Some(Scheme::HTTPS);
        }
        let (proxy, address) = self.proxies.to(&Uri::from_parts(parts).ok()?)?;
        Some((ProxyName::new(proxy, address), address.clone()))
    }

    fn through(
        &mut self,
        name: ProxyName,
        address: ProxyAddress,
        target: Uri,
    ) -> impl Future<Output = Result<TcpStream, ProxyError>> + use<> {
        let connecting = match (address.scheme(), address.uri()) {
            ("http", Some(uri)) => Ok(self.tcp.call(uri)),
            (scheme, _) => Err(ProxyProblem::Scheme(scheme.to_owned())),
        };
        let place = host_and_port(&target);
        let shown = name.clone();
        let opened = async move {
            let connecting = connecting?;
            Progress::report(Stage::ToProxy(shown.clone()));
            let connected = connecting.await.map_err(|error| ProxyProblem::Unreachable(error.into()));
            let mut stream = connected?.into_inner();
            Progress::report(Stage::AskedProxy(shown.clone()));
            tunnel::open(&mut stream, &target, &address).await?;
            Progress::report(Stage::Accepted(Some(shown)));
            Ok(stream)
        };
        async move { opened.await.map_err(|problem| ProxyError { proxy: name, target: place, problem }) }
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
        if let Some((name, address)) = self.proxy(&target) {
            let opened = self.through(name, address, target);
            return Box::pin(async move {
                let stream = opened.await.map_err(|error| DialError::Proxy(Box::new(error)))?;
                Ok(TokioIo::new(stream))
            });
        }
        let connecting = self.tcp.call(target);
        Box::pin(async move {
            let stream = connecting.await?;
            Progress::report(Stage::Accepted(None));
            Ok(stream)
        })
    }
}

/// The system's resolver, whose failures have a type of their own.
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
