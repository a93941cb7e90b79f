//! The table of attributes.

use flyte_client::proto::admin::MatchingAttributes;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// What attributes are for: a project, a domain of it, or a workflow there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributeScope {
    pub(crate) project: String,
    /// Empty for the project as a whole.
    pub(crate) domain: String,
    /// Empty for all workflows.
    pub(crate) workflow: String,
}

/// Attributes of one type.
pub(crate) struct StoredAttributes {
    pub(crate) scope: AttributeScope,
    pub(crate) attributes: MatchingAttributes,
}

/// The columns that [`read`] reads, and the order that puts the narrowest scope first.
const SELECT: &str = "SELECT project, domain, workflow, attributes FROM attributes";
const NARROWEST_FIRST: &str = "ORDER BY workflow <> '' DESC, domain <> '' DESC, id";

fn read(row: &Row<'_>) -> Result<StoredAttributes, rusqlite::Error> {
    let scope = AttributeScope { project: row.get(0)?, domain: row.get(1)?, workflow: row.get(2)? };
    Ok(StoredAttributes { scope, attributes: row.get::<_, Encoded<MatchingAttributes>>(3)?.0 })
}

/// The attributes of exactly this scope.
pub(crate) fn find(
    connection: &Connection,
    scope: &AttributeScope,
    resource_type: i32,
) -> Result<Option<StoredAttributes>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "{SELECT} WHERE project = ? AND domain = ? AND workflow = ? AND resource_type = ?"
        ))?
        .query_row(params![scope.project, scope.domain, scope.workflow, resource_type], read)
        .optional()
}

/// The attributes that hold in a scope: its own, or those of the next wider one that has any.
pub(crate) fn effective(
    connection: &Connection,
    scope: &AttributeScope,
    resource_type: i32,
) -> Result<Option<StoredAttributes>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "{SELECT} WHERE project = ? AND domain IN ('', ?) AND workflow IN ('', ?) AND resource_type = ? \
             {NARROWEST_FIRST} LIMIT 1"
        ))?
        .query_row(params![scope.project, scope.domain, scope.workflow, resource_type], read)
        .optional()
}

/// All attributes of a type.
pub(crate) fn list(
    connection: &Connection,
    resource_type: i32,
) -> Result<Vec<StoredAttributes>, rusqlite::Error> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE resource_type = ? {NARROWEST_FIRST}"))?
        .query_map([resource_type], read)?
        .collect()
}

/// Inserts or replaces the attributes of a scope.
pub(crate) fn save(
    connection: &Connection,
    scope: &AttributeScope,
    resource_type: i32,
    attributes: &MatchingAttributes,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO attributes
                 (project, domain, workflow, resource_type, attributes, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?6, ?6)
             ON CONFLICT (project, domain, workflow, resource_type)
             DO UPDATE SET attributes = excluded.attributes, updated_at = excluded.updated_at",
        )?
        .execute(params![
            scope.project,
            scope.domain,
            scope.workflow,
            resource_type,
            attributes.encode_to_vec(),
            time::now_text()
        ])?;
    Ok(())
}

/// Deletes the attributes of exactly this scope, if there are any.
pub(crate) fn delete(
    connection: &Connection,
    scope: &AttributeScope,
    resource_type: i32,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM attributes WHERE project = ? AND domain = ? AND workflow = ? AND resource_type = ?",
        )?
        .execute(params![scope.project, scope.domain, scope.workflow, resource_type])?;
    Ok(())
}
