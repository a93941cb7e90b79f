//! The sandbox for other programs: gRPC and, for files, objects and health, HTTP/1.1, on one port.
//!
//! `connections.rs` accepts connections, `grpc.rs` frames calls, `files.rs` serves signed URLs, `s3.rs`
//! objects. `guard.rs` decides which clients are served: a client may do everything or nothing. The crate's
//! `running_server.rs` has the address for other processes.

mod address;
mod connections;
mod error;
mod files;
mod grpc;
mod guard;
mod headers;
mod object_server;
mod peer;
mod reflection;
mod response;
mod s3;
mod server_lease;
mod token;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use s3s::service::S3Service;

use self::{
    address::is_public,
    grpc::CallLimits,
    guard::Guard,
    object_server::object_secret,
    peer::PeerConnection,
    response::{Body, plain},
    token::ServerToken,
};
pub use self::{
    address::{authority, requires_token},
    error::ServeError,
    token::{token, token_file},
};
pub(crate) use self::{
    object_server::{ObjectServer, served_objects},
    s3::variables as object_variables,
    server_lease::ServerLease,
};
pub use crate::running_server::{RunningServer, running_server};
use crate::{Sandbox, blobs, objects::Objects, scheduler};

/// The port of Flyte's own sandbox.
pub const PORT: u16 = 30080;

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
        let objects = Objects::new(&self.sandbox.root);
        let secret = object_secret(self.address, self.guard.token.as_str());
        let sandbox = Arc::clone(&self.sandbox);
        let shared = Arc::new(Shared {
            objects: s3::service(objects, &secret),
            sandbox: self.sandbox,
            guard: self.guard,
            largest_message: self.largest_message,
        });
        let answer = move |client: Arc<PeerConnection>, request, headers| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared, &client, request, headers).await }
        };
        let accepting = connections::accept(listener, answer, shutdown);
        tokio::select! {
            () = accepting => {}
            () = scheduler::run(&sandbox) => {}
        }
        Ok(())
    }
}

/// The variables with which flytekit and its tasks reach the object store of a server, by names: an
/// endpoint, an access key and a secret key.
#[must_use]
pub fn object_store_variables(
    address: SocketAddr,
    hosts: &[String],
    token: &str,
) -> [(&'static str, String); 3] {
    let endpoint = format!("http://{}", authority(address, hosts));
    s3::variables(endpoint, object_secret(address, token))
}

/// What all connections share.
struct Shared {
    sandbox: Arc<Sandbox>,
    objects: S3Service,
    guard: Guard,
    largest_message: usize,
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
    if s3::is_signed(&request) {
        return s3::answer(&shared.objects, request).await;
    }
    let sandbox = &shared.sandbox;
    if is_call && reflection::is_reflection(request.uri().path()) {
        return reflection::answer(request);
    }
    if is_call {
        let limits = CallLimits { message: shared.largest_message, headers };
        return grpc::answer(sandbox, request, limits).await;
    }
    if let Some(rest) = request.uri().path().strip_prefix(blobs::URL_PATH) {
        let token = rest.split('/').next().unwrap_or(rest).to_owned();
        return files::answer(sandbox, request, token).await;
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/healthcheck") => plain(StatusCode::OK, ""),
        _ => plain(
            StatusCode::NOT_FOUND,
            "this is a flyte-host sandbox: it serves gRPC, without a console or REST gateway\n",
        ),
    }
}
