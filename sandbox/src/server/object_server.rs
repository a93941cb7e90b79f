//! The object store of a sandbox that no server serves: for the tasks of an engine, while it runs.

use std::{io, net::Ipv4Addr, path::Path, sync::Arc};

use tokio::sync::oneshot;

use super::{Shared, accept, guard::Guard, object_secret, s3, token::ServerToken};
use crate::{objects::Objects, runner::ObjectStore};

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
        let shared = Shared { sandbox: None, objects, guard, largest_message: 0 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (open, closed) = oneshot::channel::<()>();
        let work = move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        // The sender sends nothing; an error means that it was dropped.
                        let closed = async { drop(closed.await) };
                        accept(listener, Arc::new(shared), closed).await;
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
