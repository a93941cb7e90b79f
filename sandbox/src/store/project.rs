//! The table of projects.

use flyte_client::proto::admin::{Labels, Project};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str =
    "projects.identifier, projects.name, projects.description, projects.labels, projects.state";

/// Reads a row of [`COLUMNS`]. Domains are the server's, not the project's.
pub(crate) fn read(row: &Row<'_>) -> Result<Project, rusqlite::Error> {
    Ok(Project {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        labels: row.get::<_, Option<Encoded<Labels>>>(3)?.map(|encoded| encoded.0),
        state: row.get(4)?,
        ..Default::default()
    })
}

/// The project with an identifier.
pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<Project>, rusqlite::Error> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM projects WHERE identifier = ?"))?
        .query_row([id], read)
        .optional()
}

/// Inserts a project; `false` if its identifier exists.
pub(crate) fn insert(connection: &Connection, project: &Project) -> Result<bool, rusqlite::Error> {
    let labels = project.labels.as_ref().map(Message::encode_to_vec);
    let now = time::now_text();
    let rows = connection
        .prepare_cached(
            "INSERT INTO projects (identifier, name, description, labels, state, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?6, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![project.id, project.name, project.description, labels, project.state, now])?;
    Ok(rows == 1)
}

/// Updates an existing project.
pub(crate) fn update(connection: &Connection, project: &Project) -> Result<(), rusqlite::Error> {
    let labels = project.labels.as_ref().map(Message::encode_to_vec);
    connection
        .prepare_cached(
            "UPDATE projects SET name = ?, description = ?, labels = ?, state = ?, updated_at = ? WHERE identifier = ?",
        )?
        .execute(params![project.name, project.description, labels, project.state, time::now_text(), project.id])?;
    Ok(())
}
