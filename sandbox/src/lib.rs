//! An embedded Flyte: FlyteAdmin's API over SQLite, with tasks as local processes.
//!
//! ```text
//! client ──► server (gRPC, signed URLs) ──┐
//!                                         ├──► Sandbox ──► service ──► store (SQLite), blobs
//! client in this process ─────────────────┘       │ wakes                  ▲
//!                                                 ▼                        │ one transaction each step
//!                                               engine ────────────────────┘
//!                                                 │ starts and kills
//!                                                 ▼
//!                                               runner ──► processes of tasks
//! ```
//!
//! A [`Sandbox`] is a [`Transport`]: flyte-host calls it in its own process, other clients through a
//! [`server`](server::Server). The modules in the order of a request:
//!
//! | module | what it does |
//! |---|---|
//! | `server` | serves a sandbox: `guard` decides which requests are answered, `grpc` frames calls, `files` serves signed URLs |
//! | `service` | FlyteAdmin's methods, a file for each kind of entity; `identity` and `service_error` are its texts |
//! | `compile` | FlytePropeller's workflow compiler: types, order, errors |
//! | `list` | filters, sort keys and pages of lists |
//! | `store`, `blobs` | the database, a file for each table; the files of uploads and outputs |
//! | `engine` | runs executions: a state machine whose steps are transactions |
//! | `cache` | cached results of tasks |
//! | `runner` | one attempt of a task as a process, by the contract of Flyte's copilot |
//! | `folder`, `lease`, `remove` | the sandbox's folder: private, with one engine and one server at a time; deleting it |
//!
//! What it promises:
//!
//! - To flytekit it behaves like FlyteAdmin, down to the texts of errors. It does not run branch, array and
//!   dynamic nodes, images, schedules or notifications; registration rejects the nodes.
//! - Many processes may open the same sandbox. An entity or a step of an execution is stored as a whole or
//!   not at all.
//! - An execution survives the end of any process: the next engine continues it. No process of a task
//!   outlives its attempt on Linux; elsewhere on Unix this holds for the process group.
//! - Only processes of the user and of root are served without a token.

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

use flyte_client::transport::{Call, CallResponse, Reply, Status, Transport};

use self::{blobs::Blobs, engine::EngineHandle};
pub use self::{
    engine::EngineStart,
    folder::prepare_folder,
    open_error::OpenError,
    remove::{RemoveError, remove},
    store::Store,
};

/// The parameters of [`Sandbox::open`].
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The folder with the database, the blobs and the leases; created if it is missing.
    pub root: PathBuf,
    /// How the engine is started.
    pub engine: EngineStart,
}

/// An open sandbox.
pub struct Sandbox {
    root: PathBuf,
    store: Store,
    blobs: Blobs,
    engine: EngineHandle,
}

impl Sandbox {
    /// Opens a sandbox; creates it if it is missing.
    ///
    /// # Errors
    ///
    /// When its folder or database cannot be created, read or written.
    pub fn open(options: &SandboxOptions) -> Result<Self, OpenError> {
        let store = Store::open(&options.root)?;
        let blobs = Blobs::new(&options.root);
        let sandbox = Self {
            root: options.root.clone(),
            store,
            blobs,
            engine: EngineHandle::new(&options.root, options.engine.clone()),
        };
        // The last engine may have been killed.
        if sandbox.store.read(store::execution::open).is_ok_and(|open| !open.is_empty()) {
            sandbox.wake_engine();
        }
        Ok(sandbox)
    }

    /// Makes an engine read what was just stored.
    pub(crate) fn wake_engine(&self) {
        self.engine.wake();
    }

    /// The number of open executions.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn open_executions(&self) -> Result<usize, OpenError> {
        let open = self.store.read(store::execution::open);
        open.map(|open| open.len())
            .map_err(|source| OpenError::Database { path: self.root.join("sandbox.db"), source })
    }

    /// Answers a call like FlyteAdmin.
    ///
    /// # Errors
    ///
    /// The status for the client.
    pub fn answer(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        service::answer(self, path, message)
    }
}

impl Transport for Sandbox {
    fn call(&self, call: Call) -> Reply<'_> {
        let answer = self.answer(&call.path, &call.message);
        Box::pin(std::future::ready(
            answer.map(|message| CallResponse { metadata: Vec::new(), message: message.into() }),
        ))
    }
}
