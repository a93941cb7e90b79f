//! An open sandbox: what the services share.

use std::path::PathBuf;

use tokio::sync::Notify;

use crate::{
    blobs::Blobs,
    clock::Clock,
    engine::{EngineHandle, EngineStart},
    open_error::OpenError,
    store::{self, Store},
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
    pub(crate) root: PathBuf,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    /// The time by which schedules start executions.
    pub(crate) clock: Clock,
    /// Notified when launch plans were activated or deactivated.
    pub(crate) schedules_changed: Notify,
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
            clock: Clock::System,
            schedules_changed: Notify::new(),
            engine: EngineHandle::new(&options.root, options.engine.clone()),
        };
        // The last engine may have been killed.
        if sandbox.store.read(store::execution::open).is_ok_and(|open| !open.is_empty()) {
            sandbox.wake_engine();
        }
        Ok(sandbox)
    }

    /// Makes schedules go by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
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
}
