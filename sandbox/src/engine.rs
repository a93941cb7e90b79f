//! Runs what was launched: a state machine over the store, and the processes that its nodes start.
//!
//! An engine is a process of its own, or a thread of a server. It takes the lock of the sandbox's folder, so there is one
//! at a time; everything that it knows is in the store, so that the next one goes on where one was killed. Each step is
//! one transaction, and nothing of a step is done before it is stored.
//!
//! A wish becomes an execution in `service::execution`; a `run` is one open execution in memory; a
//! `kind` is what a node may run. To make nodes of a further kind, add a file there.

mod attempts;
mod binding;
mod event_loop;
mod handle;
mod node;
mod program;
mod run;

use std::{io, path::Path, sync::Arc, time::Duration};

use tokio::sync::{Notify, watch};

use self::event_loop::EventLoop;
pub use self::handle::EngineStart;
pub(crate) use self::{
    handle::EngineHandle,
    program::{END, START},
};
use crate::{
    lease::{self, Lease},
    open_error::OpenError,
    service_error::ServiceError,
    store::Store,
};

/// How often a server's engine looks whether another one has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long an engine works.
#[derive(Clone, Debug)]
pub enum RunMode {
    /// RunMode nothing has been open for a short while.
    UntilIdle,
    /// RunMode the value becomes `true`, or its sender is gone.
    UntilShutdown(watch::Receiver<bool>),
}

/// Why an engine cannot work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sandbox cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file that only one engine may lock cannot be.
    #[error("the engine's lock cannot be taken")]
    Lease(#[source] io::Error),
    /// A step cannot be stored or read. What was running is ended; the next engine goes on.
    #[error("the engine cannot go on")]
    Step(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no runtime for processes.
    #[error("the engine cannot start")]
    Runtime(#[source] io::Error),
}

impl From<ServiceError> for EngineError {
    fn from(failure: ServiceError) -> Self {
        Self::Step(Box::new(failure))
    }
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Step(Box::new(error))
    }
}

/// Works all open executions of a sandbox, and returns when there have been none for a short while, or at once if another
/// engine does.
///
/// # Errors
///
/// When the sandbox cannot be opened, read or written.
pub fn main(root: &Path) -> Result<(), EngineError> {
    // This process starts nothing but attempts.
    crate::runner::adopt();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::Runtime)?;
    runtime.block_on(run(root, RunMode::UntilIdle))
}

/// Works open executions until something.
///
/// # Errors
///
/// When the sandbox cannot be opened, read or written.
pub async fn run(root: &Path, until: RunMode) -> Result<(), EngineError> {
    run_with(root, until, Arc::new(Notify::new())).await
}

/// As [`run`]; looks at the store at once when it is woken.
async fn run_with(root: &Path, until: RunMode, wake: Arc<Notify>) -> Result<(), EngineError> {
    // The folder may be new.
    let store = Arc::new(Store::open(root)?);
    match until {
        RunMode::UntilIdle => loop {
            let Some(lease) = Lease::try_take(root, lease::ENGINE).map_err(EngineError::Lease)? else {
                return Ok(());
            };
            EventLoop::new(root, Arc::clone(&store), Arc::clone(&wake))?.run_until_idle().await?;
            drop(lease);
            // Whoever launched something while we held the lock relies on us.
            if store.read(crate::store::execution::open)?.is_empty() {
                return Ok(());
            }
        },
        RunMode::UntilShutdown(mut shutdown) => {
            let lease = loop {
                if let Some(lease) = Lease::try_take(root, lease::ENGINE).map_err(EngineError::Lease)? {
                    break lease;
                }
                tokio::select! {
                    () = stopped(&mut shutdown) => return Ok(()),
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                }
            };
            EventLoop::new(root, store, wake)?.run_until(stopped(&mut shutdown)).await?;
            drop(lease);
            Ok(())
        }
    }
}

/// Waits until an engine is to end.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could want it to go on.
    let _ = shutdown.wait_for(|is_wanted| *is_wanted).await;
}
