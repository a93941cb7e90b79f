//! A Flyte for one machine. See ARCHITECTURE.md.

mod blobs;
mod cache;
mod compile;
pub mod engine;
mod folder;
mod identity;
mod lease;
mod list;
mod open_error;
mod remove;
mod runner;
pub mod server;
mod service;
mod service_error;
mod store;

use std::path::PathBuf;

use flyte_client::transport::{Answer, Call, Reply, Status, Transport};

use self::{blobs::Blobs, engine::EngineHandle};
pub use self::{
    engine::EngineStart,
    folder::prepare_folder,
    open_error::OpenError,
    remove::{RemoveError, remove},
    store::Store,
};

/// Where a sandbox lives, and how it reaches its helpers.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Its folder: the database, blobs, the engine's lock. Made if it is not there.
    pub root: PathBuf,
    /// How executions get the engine that runs them.
    pub engine: EngineStart,
}

/// An open sandbox. Many processes may have the same one open.
pub struct Sandbox {
    root: PathBuf,
    store: Store,
    blobs: Blobs,
    engine: EngineHandle,
}

impl Sandbox {
    /// Opens a sandbox, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// When its folder or database cannot be made, read or written.
    pub fn open(options: &SandboxOptions) -> Result<Self, OpenError> {
        let store = Store::open(&options.root)?;
        let blobs = Blobs::new(&options.root);
        let sandbox = Self {
            root: options.root.clone(),
            store,
            blobs,
            engine: EngineHandle::new(&options.root, options.engine.clone()),
        };
        // An engine may have been killed in the midst of its work.
        if sandbox.store.read(store::execution::open).is_ok_and(|open| !open.is_empty()) {
            sandbox.wake_engine();
        }
        Ok(sandbox)
    }

    /// Makes sure that an engine sees what was just stored.
    pub(crate) fn wake_engine(&self) {
        self.engine.wake();
    }

    /// How many executions are not over.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn open_executions(&self) -> Result<usize, OpenError> {
        let open = self.store.read(store::execution::open);
        open.map(|open| open.len())
            .map_err(|source| OpenError::Database { path: self.root.join("sandbox.db"), source })
    }

    /// Answers one call, as FlyteAdmin would.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub fn answer(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        service::answer(self, path, message)
    }
}

impl Transport for Sandbox {
    fn call(&self, call: Call) -> Reply<'_> {
        let answer = self.answer(&call.path, &call.message);
        Box::pin(std::future::ready(
            answer.map(|message| Answer { metadata: Vec::new(), message: message.into() }),
        ))
    }
}
