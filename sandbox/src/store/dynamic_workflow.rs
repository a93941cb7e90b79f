//! The table of the workflows that dynamic nodes made.

use flyte_client::proto::core::CompiledWorkflowClosure;
use rusqlite::{Connection, OptionalExtension, params};

use super::encoded::Encoded;

/// The workflow that a node made.
pub(crate) fn find(
    connection: &Connection,
    node: i64,
) -> Result<Option<CompiledWorkflowClosure>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT closure FROM dynamic_workflows WHERE node_execution_id = ?1")?
        .query_row([node], |row| Ok(row.get::<_, Encoded<_>>(0)?.0))
        .optional()
}

/// Stores the workflow that a node made.
pub(crate) fn insert(
    connection: &Connection,
    node: i64,
    closure: &CompiledWorkflowClosure,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO dynamic_workflows (node_execution_id, closure) VALUES (?1, ?2)")?
        .execute(params![node, Encoded(closure)])?;
    Ok(())
}
