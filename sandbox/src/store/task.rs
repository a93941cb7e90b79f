//! The table of tasks.

use flyte_client::proto::{
    admin::{Task, TaskClosure},
    core::{Identifier, ResourceType},
};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str =
    "tasks.project, tasks.domain, tasks.name, tasks.version, tasks.closure, tasks.short_description";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Task, rusqlite::Error> {
    Ok(Task {
        id: Some(super::identifier(row, ResourceType::Task)?),
        closure: Some(row.get::<_, Encoded<TaskClosure>>(4)?.0),
        short_description: row.get(5)?,
    })
}

/// A task.
pub(crate) fn find(connection: &Connection, id: &Identifier) -> Result<Option<Task>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?"
        ))?
        .query_row([&id.project, &id.domain, &id.name, &id.version], read)
        .optional()
}

/// The digest of a task's structure.
pub(crate) fn digest(connection: &Connection, id: &Identifier) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    super::digest(
        connection,
        "SELECT digest FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        id,
    )
}

/// Inserts a new task.
pub(crate) fn insert(
    connection: &Connection,
    id: &Identifier,
    closure: &TaskClosure,
    digest: &[u8],
    short_description: &str,
) -> Result<(), rusqlite::Error> {
    let template = closure.compiled_task.as_ref().and_then(|task| task.template.as_ref());
    let kind = template.map_or("", |template| &template.r#type);
    connection
        .prepare_cached(
            "INSERT INTO tasks
                 (project, domain, name, version, closure, digest, type, short_description, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9)",
        )?
        .execute(params![
            id.project,
            id.domain,
            id.name,
            id.version,
            closure.encode_to_vec(),
            digest,
            kind,
            short_description,
            time::now_text(),
        ])?;
    Ok(())
}
