//! How answering a call fails: with the answer that the client is told, or in the database.

use remote::{Code, Status};
use rusqlite::ErrorCode;

/// Why a call has no result. Becomes the [`Status`] that the client gets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer itself.
    #[error(transparent)]
    Told(#[from] Status),
    /// SQLite did not do what it was asked to.
    #[error("the sandbox's database failed")]
    Database(#[from] rusqlite::Error),
    /// A file of the sandbox cannot be written or read.
    #[error("the sandbox's files failed")]
    Files(#[from] std::io::Error),
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(status) => status,
            Failure::Database(error) => of_database(&error),
            Failure::Files(error) => of_files(&error),
        }
    }
}

fn of_database(error: &rusqlite::Error) -> Status {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            Status::new(Code::ResourceExhausted, "the sandbox's disk is full; nothing was stored")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Status::new(Code::FailedPrecondition, "the sandbox's database is read-only; nothing was stored")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Status::new(
            Code::Unavailable,
            "the sandbox's database is busy: another process has been writing for long",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Status::new(Code::DataLoss, format!("the sandbox's database is damaged: {error}"))
        }
        _ => Status::new(Code::Internal, format!("the sandbox's database failed: {error}")),
    }
}

fn of_files(error: &std::io::Error) -> Status {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Status::new(Code::ResourceExhausted, "the sandbox's disk is full; nothing was stored")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Status::new(Code::FailedPrecondition, format!("the sandbox's folder cannot be written: {error}"))
        }
        _ => Status::new(Code::Internal, format!("the sandbox's files failed: {error}")),
    }
}

/// INVALID_ARGUMENT with a text.
pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    Failure::Told(Status::new(Code::InvalidArgument, message))
}

/// INVALID_ARGUMENT for a field that has to be there.
pub(crate) fn missing(field: &str) -> Failure {
    invalid(format!("missing {field}"))
}

/// The value of a message's field, which has to be there.
pub(crate) fn required<T>(value: Option<T>, field: &str) -> Result<T, Failure> {
    value.ok_or_else(|| missing(field))
}

/// Refuses an empty text.
pub(crate) fn filled(value: &str, field: &str) -> Result<(), Failure> {
    if value.is_empty() { Err(missing(field)) } else { Ok(()) }
}

/// NOT_FOUND for an entity; `identifier` as [`crate::identity`] prints it.
pub(crate) fn not_found(kind: &str, identifier: impl std::fmt::Display) -> Failure {
    Failure::Told(Status::new(
        Code::NotFound,
        format!("missing entity of type {kind} with identifier {identifier}"),
    ))
}
