//! Why an engine stopped.

use std::io;

use crate::{open_error::OpenError, service_error::ServiceError};

/// Why an engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sandbox cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The lease cannot be taken.
    #[error("could not lock the sandbox for its engine")]
    Lease(#[source] io::Error),
    /// A step cannot be read or stored. The running attempts are killed; the next engine continues.
    #[error("the sandbox's engine stopped: could not read or store a step")]
    Step(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The async runtime cannot be created.
    #[error("could not start the sandbox's engine")]
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
