//! The table of node executions.

use std::collections::BTreeSet;

use flyte_client::proto::{
    admin::{
        NodeExecutionClosure, NodeExecutionMetaData,
        node_execution_closure::{OutputResult, TargetMetadata},
    },
    core::{LiteralMap, WorkflowExecutionIdentifier, execution_error::ErrorKind},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{encoded::Encoded, time};

/// One node of an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeExecution {
    /// 0 until it is stored.
    pub(crate) row: i64,
    pub(crate) execution: WorkflowExecutionIdentifier,
    /// Unique in its execution: `n0`, `n0-0-n1` below a sub-workflow.
    pub(crate) node_id: String,
    pub(crate) closure: NodeExecutionClosure,
    pub(crate) metadata: NodeExecutionMetaData,
    pub(crate) inputs: LiteralMap,
    pub(crate) outputs: Option<LiteralMap>,
    /// The row of the node whose workflow it is in.
    pub(crate) parent: Option<i64>,
}

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "node_executions.id, node_executions.execution_project, \
     node_executions.execution_domain, node_executions.execution_name, node_executions.node_id, \
     node_executions.closure, node_executions.node_execution_metadata, node_executions.inputs, \
     node_executions.outputs, node_executions.parent_id";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<NodeExecution, rusqlite::Error> {
    Ok(NodeExecution {
        row: row.get(0)?,
        execution: WorkflowExecutionIdentifier {
            project: row.get(1)?,
            domain: row.get(2)?,
            name: row.get(3)?,
            org: String::new(),
        },
        node_id: row.get(4)?,
        closure: row.get::<_, Encoded<_>>(5)?.0,
        metadata: row.get::<_, Encoded<_>>(6)?.0,
        inputs: row.get::<_, Option<Encoded<_>>>(7)?.map(|inputs| inputs.0).unwrap_or_default(),
        outputs: row.get::<_, Option<Encoded<_>>>(8)?.map(|outputs| outputs.0),
        parent: row.get(9)?,
    })
}

/// The node with an id.
pub(crate) fn find(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
    node: &str,
) -> Result<Option<NodeExecution>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM node_executions WHERE execution_project = ?1 AND execution_domain = ?2 \
         AND execution_name = ?3 AND node_id = ?4"
    );
    connection
        .prepare_cached(&query)?
        .query_row(params![execution.project, execution.domain, execution.name, node], read)
        .optional()
}

/// All begun nodes of an execution, in the order in which they were begun.
pub(crate) fn list_for_execution(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
) -> Result<Vec<NodeExecution>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM node_executions WHERE execution_project = ?1 AND execution_domain = ?2 \
         AND execution_name = ?3 ORDER BY id"
    );
    connection
        .prepare_cached(&query)?
        .query_map(params![execution.project, execution.domain, execution.name], read)?
        .collect()
}

/// The rows of the nodes of an execution that have nodes below them.
pub(crate) fn parents(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
) -> Result<BTreeSet<i64>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT DISTINCT parent_id FROM node_executions WHERE execution_project = ?1 \
             AND execution_domain = ?2 AND execution_name = ?3 AND parent_id IS NOT NULL",
        )?
        .query_map(params![execution.project, execution.domain, execution.name], |row| row.get(0))?
        .collect()
}

/// Stores a node as it is now.
pub(crate) fn save(
    connection: &Connection,
    node: &mut NodeExecution,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let closure = &node.closure;
    let error = match &closure.output_result {
        Some(OutputResult::Error(error)) => Some(error),
        _ => None,
    };
    let cache_status = match &closure.target_metadata {
        Some(TargetMetadata::TaskNodeMetadata(task)) => Some(task.cache_status().as_str_name()),
        _ => None,
    };
    node.row = connection
        .prepare_cached(
            "INSERT INTO node_executions (execution_project, execution_domain, execution_name, node_id, phase, \
             closure, node_execution_metadata, inputs, outputs, parent_id, error_kind, error_code, \
             cache_status, started_at, duration, node_execution_created_at, node_execution_updated_at, \
             created_at, updated_at) \
             VALUES (:project, :domain, :name, :node, :phase, :closure, :metadata, :inputs, :outputs, :parent, \
             :kind, :code, :cache, :started, :duration, :now, :now, :now, :now) \
             ON CONFLICT (execution_project, execution_domain, execution_name, node_id) DO UPDATE SET \
             phase = excluded.phase, closure = excluded.closure, \
             node_execution_metadata = excluded.node_execution_metadata, inputs = excluded.inputs, \
             outputs = excluded.outputs, error_kind = excluded.error_kind, error_code = excluded.error_code, \
             cache_status = excluded.cache_status, started_at = excluded.started_at, \
             duration = excluded.duration, node_execution_updated_at = excluded.node_execution_updated_at, \
             updated_at = excluded.updated_at \
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":project": node.execution.project,
                ":domain": node.execution.domain,
                ":name": node.execution.name,
                ":node": node.node_id,
                ":phase": closure.phase().as_str_name(),
                ":closure": Encoded(closure),
                ":metadata": Encoded(&node.metadata),
                ":inputs": Encoded(&node.inputs),
                ":outputs": node.outputs.as_ref().map(Encoded),
                ":parent": node.parent,
                ":kind": error.map(|error| ErrorKind::as_str_name(&error.kind())),
                ":code": error.map(|error| &error.code),
                ":cache": cache_status,
                ":started": closure.started_at.as_ref().and_then(time::text_from_message),
                ":duration": time::nanoseconds(closure.duration.as_ref()),
                ":now": time::to_text(now),
            },
            |row| row.get(0),
        )?;
    Ok(())
}
