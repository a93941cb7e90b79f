//! The object store of a sandbox that no server serves: for the tasks of an engine, while it runs.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use s3s::service::S3Service;
use tokio::sync::oneshot;

use super::{
    address::requires_token,
    connections,
    guard::{self, Guard},
    peer::PeerConnection,
    response::{Body, plain},
    s3,
    token::{self, ServerToken},
};
use crate::{objects::Objects, runner::ObjectStore, running_server::running_server};

/// The secret key of the object store behind an address: a secret where others can connect.
pub(super) fn object_secret(address: SocketAddr, token: &str) -> String {
    if requires_token(address) { token.to_owned() } else { s3::SECRET_KEY.to_owned() }
}

/// The object store of the sandbox that a server serves; `None` if none does.
pub(crate) fn served_objects(root: &Path) -> Option<ObjectStore> {
    let running = running_server(root)?;
    let token = if requires_token(running.address) { token::token(root)? } else { String::new() };
    let secret = object_secret(running.address, &token);
    Some(ObjectStore { address: running.reachable(), secret })
}

/// Serves objects on a port of the loopback address, on a thread of its own, until it is dropped.
#[derive(Debug)]
pub(crate) struct ObjectServer {
    store: ObjectStore,
    /// The thread ends when it is dropped.
    _open: oneshot::Sender<()>,
}

impl ObjectServer {
    /// # Errors
    ///
    /// When no port is free, the token cannot be read, or no thread can be started.
    pub(crate) fn start(root: &Path) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let token = ServerToken::open(root).map_err(io::Error::other)?;
        let secret = object_secret(address, token.as_str());
        let guard = Guard { hosts: Vec::new(), token, is_public: false };
        let objects = s3::service(Objects::new(root), &secret);
        let shared = Arc::new((guard, objects));
        let answer = move |client: Arc<PeerConnection>, request, _| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared.0, &shared.1, &client, request).await }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (open, closed) = oneshot::channel::<()>();
        let work = move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        // The sender sends nothing; an error means that it was dropped.
                        let closed = async { drop(closed.await) };
                        connections::accept(listener, answer, closed).await;
                    }
                    Err(error) => log::warn!("could not serve objects to tasks: {error}"),
                }
            });
        };
        std::thread::Builder::new().name("objects".to_owned()).spawn(work)?;
        Ok(Self { store: ObjectStore { address, secret }, _open: open })
    }

    /// Where it serves.
    pub(crate) fn store(&self) -> ObjectStore {
        self.store.clone()
    }
}

async fn answer(
    guard: &Guard,
    objects: &S3Service,
    client: &PeerConnection,
    request: Request<Incoming>,
) -> Response<Body> {
    if let Err(rejection) = guard.check(client, &request).await {
        return rejection.response(guard::is_grpc(request.headers()));
    }
    if s3::is_signed(&request) {
        return s3::answer(objects, request).await;
    }
    plain(StatusCode::NOT_FOUND, "this is the object store of a flyte-host sandbox\n")
}
