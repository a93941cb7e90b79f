//! Why a call fails: with the status that the client gets, or in the database or the files.

use flyte_client::{Code, Status};
use rusqlite::ErrorCode;

/// Why a call has no result. Becomes the [`Status`] that the client gets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// The status for the client.
    #[error(transparent)]
    Status(#[from] Status),
    /// SQLite failed.
    #[error("the sandbox's database failed")]
    Database(#[from] rusqlite::Error),
    /// A file of the sandbox cannot be written or read.
    #[error("the sandbox's files failed")]
    Files(#[from] std::io::Error),
}

impl From<ServiceError> for Status {
    fn from(failure: ServiceError) -> Self {
        match failure {
            ServiceError::Status(status) => status,
            ServiceError::Database(error) => database_status(&error),
            ServiceError::Files(error) => file_status(&error),
        }
    }
}

fn database_status(error: &rusqlite::Error) -> Status {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            Status::new(Code::ResourceExhausted, "the sandbox's disk is full; nothing was stored")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Status::new(Code::FailedPrecondition, "the sandbox's database is read-only; nothing was stored")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Status::new(
            Code::Unavailable,
            "the sandbox's database is busy: another process has been writing for a long time",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Status::new(Code::DataLoss, format!("the sandbox's database is damaged: {error}"))
        }
        _ => Status::new(Code::Internal, format!("the sandbox's database failed: {error}")),
    }
}

fn file_status(error: &std::io::Error) -> Status {
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
pub(crate) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::Status(Status::new(Code::InvalidArgument, message))
}

/// INVALID_ARGUMENT for a missing field.
pub(crate) fn missing(field: &str) -> ServiceError {
    invalid(format!("missing {field}"))
}

/// The value of a required field.
pub(crate) fn required<T>(value: Option<T>, field: &str) -> Result<T, ServiceError> {
    value.ok_or_else(|| missing(field))
}

/// Checks that a text is not empty.
pub(crate) fn filled(value: &str, field: &str) -> Result<(), ServiceError> {
    if value.is_empty() { Err(missing(field)) } else { Ok(()) }
}

/// NOT_FOUND for an entity; `identifier` as [`crate::identity`] prints it.
pub(crate) fn not_found(kind: &str, identifier: impl std::fmt::Display) -> ServiceError {
    ServiceError::Status(Status::new(
        Code::NotFound,
        format!("missing entity of type {kind} with identifier {identifier}"),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use flyte_client::proto::admin::{Labels, Project, ProjectRegisterRequest};
    use prost::Message;
    use rusqlite::Connection;

    use super::*;
    use crate::{EngineStart, Sandbox, SandboxOptions};

    /// Registers projects until one is refused, on a connection that `prepare` limits.
    fn refused(prepare: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>) -> (Status, u32) {
        let folder = tempfile::tempdir().unwrap();
        let options = SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
        let sandbox = Sandbox::open(&options).unwrap();
        sandbox.store.read(prepare).unwrap();
        let labels: BTreeMap<_, _> = (0..16).map(|index| (format!("l{index}"), "x".repeat(60))).collect();
        let project = |index: u32| Project {
            id: format!("p{index}"),
            name: "x".repeat(60),
            labels: Some(Labels { values: BTreeMap::clone(&labels) }),
            ..Default::default()
        };
        for index in 0..100_000 {
            let request = ProjectRegisterRequest { project: Some(project(index)) }.encode_to_vec();
            if let Err(status) = sandbox.answer("/flyteidl.service.AdminService/RegisterProject", &request) {
                let count = "SELECT COUNT(*) FROM projects WHERE identifier <> 'flytesnacks'";
                let stored: u32 = sandbox
                    .store
                    .read(|connection| connection.query_row(count, [], |row| row.get(0)))
                    .unwrap();
                assert_eq!(stored, index);
                return (status, index);
            }
        }
        unreachable!("the limit is reached");
    }

    #[test]
    fn a_full_disk_is_reported_and_nothing_is_half_done() {
        let (status, stored) = refused(|connection| {
            let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 2), [], |_| Ok(()))
        });
        assert_eq!(status.code, Code::ResourceExhausted);
        assert_eq!(status.message, "the sandbox's disk is full; nothing was stored");
        assert!(stored > 0);
    }

    #[test]
    fn a_read_only_database_is_reported() {
        let (status, stored) = refused(|connection| connection.pragma_update(None, "query_only", true));
        assert_eq!(status.code, Code::FailedPrecondition);
        assert_eq!(status.message, "the sandbox's database is read-only; nothing was stored");
        assert_eq!(stored, 0);
    }
}
