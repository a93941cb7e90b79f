//! The sandbox for other programs: gRPC and, for files and health, HTTP/1.1, on one port.
//!
//! `grpc.rs` frames calls, `files.rs` serves signed URLs, `running.rs` publishes the address for other
//! processes. `guard.rs` decides which clients are served: a client may do everything or nothing.

mod files;
mod grpc;
mod guard;
mod headers;
mod peer;
mod running;
mod token;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpStream, sync::watch, task::JoinSet};

pub(crate) use self::running::ServerLease;
use self::{guard::Guard, peer::PeerConnection, token::ServerToken};
pub use self::{
    running::{RunningServer, running_server},
    token::{token, token_file},
};
use crate::Sandbox;

/// The port of Flyte's own sandbox.
pub const PORT: u16 = 30080;

/// Before the token of a signed URL.
pub(crate) const DATA: &str = "/data/";

/// How long calls may take to finish after the shutdown.
const GRACE: Duration = Duration::from_secs(5);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What a server listens to.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The address; port 0 for any that is free.
    pub address: SocketAddr,
    /// Accepted host names besides the loopback addresses and the listening address.
    pub hosts: Vec<String>,
    /// The largest request, in bytes.
    pub largest_message: usize,
}

impl Default for ServerOptions {
    /// The loopback address, Flyte's port, and the message size of the official client.
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, PORT).into(),
            hosts: Vec::new(),
            largest_message: 20 * 1024 * 1024,
        }
    }
}

/// Why a sandbox cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process serves it.
    #[error("the sandbox in `{}` is already being served{}", root.display(), by(*running))]
    AlreadyServed {
        /// The sandbox's folder.
        root: PathBuf,
        /// Where, if that is known yet.
        running: Option<RunningServer>,
    },
    /// The address cannot be bound.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `server.json`, `server.lock` or `server.token` cannot be written.
    #[error("could not write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl ServeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyServed { .. } => Some("run `flyte-host sandbox stop` to stop it".to_owned()),
            Self::Listen { .. } => Some("use `--port` to choose another port".to_owned()),
            Self::File { .. } => None,
        }
    }
}

fn by(running: Option<RunningServer>) -> String {
    running.map_or(String::new(), |running| format!(" on `{}` by process {}", running.address, running.pid))
}

/// A server that listens; [`run`](Self::run) serves.
pub struct Server {
    sandbox: Arc<Sandbox>,
    listener: std::net::TcpListener,
    address: SocketAddr,
    guard: Guard,
    largest_message: usize,
    /// Held while the server exists.
    _lease: ServerLease,
}

impl Server {
    /// Listens, and publishes the address. Calls that arrive before [`Server::run`] wait for it.
    ///
    /// # Errors
    ///
    /// When the sandbox is already being served, or the address cannot be bound.
    pub fn bind(sandbox: Arc<Sandbox>, options: &ServerOptions) -> Result<Self, ServeError> {
        let lease = ServerLease::take(&sandbox.root)?;
        let listen = || -> io::Result<_> {
            let listener = std::net::TcpListener::bind(options.address)?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        };
        let (address, listener) =
            listen().map_err(|source| ServeError::Listen { address: options.address, source })?;
        let guard = Guard {
            hosts: options.hosts.clone(),
            token: ServerToken::open(&sandbox.root)?,
            is_public: is_public(address),
        };
        lease.announce(address)?;
        sandbox.blobs.serve_at(format!("http://{}", authority(address, &options.hosts)));
        let largest_message = options.largest_message;
        Ok(Self { sandbox, listener, address, guard, largest_message, _lease: lease })
    }

    /// The token that clients have to send; `None` where the system knows the user of a connection.
    #[must_use]
    pub fn required_token(&self) -> Option<&str> {
        requires_token(self.address).then(|| self.guard.token.as_str())
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is done; running calls may finish.
    ///
    /// Must run within a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// When the listener cannot be registered with the runtime.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (stop, stopped) = watch::channel(());
        let shared = Arc::new(Shared {
            sandbox: self.sandbox,
            guard: self.guard,
            largest_message: self.largest_message,
        });
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(Arc::clone(&shared), stream, stopped.clone()));
                    }
                    // Too many open files, or a client that disconnected: keep serving others.
                    Err(error) => {
                        log::warn!("could not accept a connection: {error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        let _ = stop.send(());
        // Calls that take longer are cut off.
        let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
        Ok(())
    }
}

/// What all connections share.
struct Shared {
    sandbox: Arc<Sandbox>,
    guard: Guard,
    largest_message: usize,
}

/// Whether clients of a server on an address have to send its token, because the user of a connection is
/// unknown.
#[must_use]
pub fn requires_token(address: SocketAddr) -> bool {
    is_public(address) || !peer::is_known()
}

/// Whether an address is reachable from other hosts.
fn is_public(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// The address to connect to on this host.
fn reachable(address: SocketAddr) -> SocketAddr {
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

async fn serve(shared: Arc<Shared>, stream: TcpStream, mut stopped: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    // A connection without an address is closed already.
    let Ok(client) = PeerConnection::new(&stream) else { return };
    let client = Arc::new(client);
    let headers = tokio::select! {
        headers = headers::limit(&stream) => headers,
        _ = stopped.changed() => return,
    };
    let service = hyper::service::service_fn(move |request| {
        let (shared, client) = (Arc::clone(&shared), Arc::clone(&client));
        async move { Ok::<_, Infallible>(answer(&shared, &client, request, headers).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_header_list_size(headers::LARGEST);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let done = tokio::select! {
        done = &mut connection => done,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        log::debug!("a connection ended: {error}");
    }
}

/// `headers` is the largest header list that the client accepts.
async fn answer(
    shared: &Arc<Shared>,
    client: &PeerConnection,
    request: Request<Incoming>,
    headers: usize,
) -> Response<Body> {
    let is_call = guard::is_grpc(request.headers());
    if let Err(rejection) = shared.guard.check(client, &request).await {
        return rejection.response(is_call);
    }
    if is_call {
        return grpc::answer(shared, request, headers).await;
    }
    if let Some(rest) = request.uri().path().strip_prefix(DATA) {
        let token = rest.split('/').next().unwrap_or(rest).to_owned();
        return files::answer(&shared.sandbox, request, token).await;
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/healthcheck") => plain(StatusCode::OK, ""),
        _ => plain(
            StatusCode::NOT_FOUND,
            "this is a flyte-host sandbox: it serves gRPC, without a console or REST gateway\n",
        ),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(text.to_owned()));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
