//! Runs executions: a state machine over the store, and the processes that its nodes start.
//!
//! An engine is a process of its own, or a thread of a server. It holds the lease of the sandbox's folder, so
//! there is one at a time. All of its state is in the store, so the next engine continues where one was
//! killed. Each step is one transaction, and its effects (processes to start or kill) happen after the
//! commit.
//!
//! `service::execution` stores a launched execution and wakes an engine (`handle`). The `event_loop`
//! loads it as a `Run` and advances it whenever an attempt has ended or another process has written to
//! the store. What a node does is in `node`, with the diagram of its states; to run a further kind of node,
//! add a file there.

mod address;
mod attempts;
mod binding;
mod elements;
mod error;
mod event_loop;
mod handle;
mod names;
mod node;
mod node_error;
mod program;
mod run;
mod upstream;

use std::{path::Path, sync::Arc, time::Duration};

use tokio::sync::{Notify, watch};

use self::event_loop::EventLoop;
pub(crate) use self::{elements::PLUGIN as ARRAY_PLUGIN, handle::EngineHandle};
pub use self::{error::EngineError, handle::EngineStart};
use crate::{
    lease::{self, Lease},
    store::Store,
};

/// How often an engine in a server tries to take the lease of another one.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// When an engine ends.
#[derive(Clone, Debug)]
pub enum RunMode {
    /// After a second without open executions.
    UntilIdle,
    /// When the value becomes `true`, or its sender is dropped.
    UntilShutdown(watch::Receiver<bool>),
}

/// Runs the open executions of a sandbox until there have been none for a second. Returns at once if another
/// engine is running.
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

/// Runs open executions in this runtime.
///
/// # Errors
///
/// When the sandbox cannot be opened, read or written.
pub async fn run(root: &Path, until: RunMode) -> Result<(), EngineError> {
    run_with(root, until, Arc::new(Notify::new())).await
}

/// As [`run()`]; `wake` makes it read the store at once.
async fn run_with(root: &Path, until: RunMode, wake: Arc<Notify>) -> Result<(), EngineError> {
    // Creates the folder, which the lease needs.
    let store = Arc::new(Store::open(root)?);
    match until {
        RunMode::UntilIdle => loop {
            let Some(lease) = Lease::try_take(root, lease::ENGINE).map_err(EngineError::Lease)? else {
                return Ok(());
            };
            EventLoop::new(root, Arc::clone(&store), Arc::clone(&wake))?.run_until_idle().await?;
            drop(lease);
            // An execution that was launched while we held the lease relies on us.
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

/// Waits for the shutdown.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a shutdown, too.
    let _ = shutdown.wait_for(|is_wanted| *is_wanted).await;
}
