//! A Flyte for one machine. See ARCHITECTURE.md.

#[cfg_attr(not(test), expect(dead_code, reason = "the engine asks it"))]
mod cache;
mod failure;
mod identity;
mod list;
mod runner;
mod service;
mod store;

use std::path::PathBuf;

use remote::transport::{Answer, Call, Reply, Status, Transport};

pub use self::store::{OpenError, Store};

/// Where a sandbox lives, and how it reaches its helpers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder: the database, blobs, the engine's lock. Made if it is not there.
    pub root: PathBuf,
}

/// An open sandbox. Many processes may have the same one open.
pub struct Sandbox {
    store: Store,
}

impl Sandbox {
    /// Opens a sandbox, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// When its folder or database cannot be made, read or written.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        Ok(Self { store: Store::open(&options.root)? })
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
