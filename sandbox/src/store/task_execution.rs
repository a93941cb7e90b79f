//! The table of attempts at tasks.

use std::path::{Path, PathBuf};

use flyte_client::proto::{
    admin::TaskExecutionClosure,
    core::{
        Identifier, LiteralMap, NodeExecutionIdentifier, ResourceType, TaskExecutionIdentifier,
        WorkflowExecutionIdentifier,
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{encoded::Encoded, time};

/// The first process of an attempt, which leads the attempt's process group.
///
/// The system reuses process ids; together with the start time one is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessIdentity {
    pub(crate) id: u32,
    /// The start time in clock ticks (field 22 of `/proc/<id>/stat`); 0 where the system does not say.
    pub(crate) started: u64,
}

/// One attempt.
#[derive(Clone, Debug)]
pub(crate) struct TaskExecution {
    pub(crate) task: Identifier,
    pub(crate) execution: WorkflowExecutionIdentifier,
    pub(crate) node_id: String,
    /// Counted from 0.
    pub(crate) attempt: u32,
    pub(crate) closure: TaskExecutionClosure,
    pub(crate) inputs: LiteralMap,
    pub(crate) outputs: Option<LiteralMap>,
    /// The process that it was last seen as. Written by [`record_process`] only.
    pub(crate) process: Option<ProcessIdentity>,
}

impl TaskExecution {
    /// The folder of its files.
    pub(crate) fn folder(&self, root: &Path) -> PathBuf {
        let id = &self.execution;
        let execution = folder_name(&id.name);
        let names = ["runs", &id.project, &id.domain, &execution, &self.node_id, &self.attempt.to_string()];
        names.iter().fold(root.to_owned(), |path, name| path.join(name))
    }

    /// Its full identifier.
    pub(crate) fn id(&self) -> TaskExecutionIdentifier {
        TaskExecutionIdentifier {
            task_id: Some(self.task.clone()),
            node_execution_id: Some(NodeExecutionIdentifier {
                node_id: self.node_id.clone(),
                execution_id: Some(self.execution.clone()),
            }),
            retry_attempt: self.attempt,
        }
    }
}

/// The name of an execution's folder. Names that differ in case only are two names, but not on every file
/// system; no name has a `_`.
fn folder_name(execution: &str) -> String {
    let mut name = String::with_capacity(execution.len());
    for letter in execution.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "task_executions.project, task_executions.domain, task_executions.name, \
     task_executions.version, task_executions.execution_project, task_executions.execution_domain, \
     task_executions.execution_name, task_executions.node_id, task_executions.retry_attempt, \
     task_executions.closure, task_executions.inputs, task_executions.outputs, task_executions.process, \
     task_executions.process_started";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<TaskExecution, rusqlite::Error> {
    let process = match (row.get::<_, Option<u32>>(12)?, row.get::<_, Option<i64>>(13)?) {
        (Some(id), Some(started)) => Some(ProcessIdentity { id, started: started.cast_unsigned() }),
        _ => None,
    };
    Ok(TaskExecution {
        task: Identifier {
            resource_type: ResourceType::Task.into(),
            project: row.get(0)?,
            domain: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            org: String::new(),
        },
        execution: WorkflowExecutionIdentifier {
            project: row.get(4)?,
            domain: row.get(5)?,
            name: row.get(6)?,
            org: String::new(),
        },
        node_id: row.get(7)?,
        attempt: row.get(8)?,
        closure: row.get::<_, Encoded<_>>(9)?.0,
        inputs: row.get::<_, Option<Encoded<_>>>(10)?.map(|inputs| inputs.0).unwrap_or_default(),
        outputs: row.get::<_, Option<Encoded<_>>>(11)?.map(|outputs| outputs.0),
        process,
    })
}

/// One attempt at a node.
pub(crate) fn find(
    connection: &Connection,
    node: &NodeExecutionIdentifier,
    attempt: u32,
) -> Result<Option<TaskExecution>, rusqlite::Error> {
    let execution = node.execution_id.clone().unwrap_or_default();
    let query = format!(
        "SELECT {COLUMNS} FROM task_executions WHERE execution_project = ?1 AND execution_domain = ?2 \
         AND execution_name = ?3 AND node_id = ?4 AND retry_attempt = ?5"
    );
    connection
        .prepare_cached(&query)?
        .query_row(params![execution.project, execution.domain, execution.name, node.node_id, attempt], read)
        .optional()
}

/// All attempts of an execution, in the order in which they were begun.
pub(crate) fn list_for_execution(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
) -> Result<Vec<TaskExecution>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM task_executions WHERE execution_project = ?1 AND execution_domain = ?2 \
         AND execution_name = ?3 ORDER BY id"
    );
    connection
        .prepare_cached(&query)?
        .query_map(params![execution.project, execution.domain, execution.name], read)?
        .collect()
}

/// Stores an attempt as it is now.
pub(crate) fn save(
    connection: &Connection,
    attempt: &TaskExecution,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let closure = &attempt.closure;
    connection
        .prepare_cached(
            "INSERT INTO task_executions (project, domain, name, version, execution_project, \
             execution_domain, execution_name, node_id, retry_attempt, phase, closure, inputs, outputs, \
             started_at, duration, task_execution_created_at, task_execution_updated_at, created_at, \
             updated_at) \
             VALUES (:project, :domain, :name, :version, :execution_project, :execution_domain, \
             :execution_name, :node, :attempt, :phase, :closure, :inputs, :outputs, :started, :duration, \
             :now, :now, :now, :now) \
             ON CONFLICT (execution_project, execution_domain, execution_name, node_id, retry_attempt) \
             DO UPDATE SET phase = excluded.phase, closure = excluded.closure, outputs = excluded.outputs, \
             started_at = excluded.started_at, duration = excluded.duration, \
             task_execution_updated_at = excluded.task_execution_updated_at, \
             updated_at = excluded.updated_at",
        )?
        .execute(named_params! {
            ":project": attempt.task.project,
            ":domain": attempt.task.domain,
            ":name": attempt.task.name,
            ":version": attempt.task.version,
            ":execution_project": attempt.execution.project,
            ":execution_domain": attempt.execution.domain,
            ":execution_name": attempt.execution.name,
            ":node": attempt.node_id,
            ":attempt": attempt.attempt,
            ":phase": closure.phase().as_str_name(),
            ":closure": Encoded(closure),
            ":inputs": Encoded(&attempt.inputs),
            ":outputs": attempt.outputs.as_ref().map(Encoded),
            ":started": closure.started_at.as_ref().and_then(time::text_from_message),
            ":duration": time::nanoseconds(closure.duration.as_ref()),
            ":now": time::to_text(now),
        })?;
    Ok(())
}

/// Records the process of an attempt.
pub(crate) fn record_process(
    connection: &Connection,
    id: &TaskExecutionIdentifier,
    process: ProcessIdentity,
) -> Result<(), rusqlite::Error> {
    let node = id.node_execution_id.clone().unwrap_or_default();
    let execution = node.execution_id.unwrap_or_default();
    connection
        .prepare_cached(
            "UPDATE task_executions SET process = ?1, process_started = ?2 WHERE execution_project = ?3 \
             AND execution_domain = ?4 AND execution_name = ?5 AND node_id = ?6 AND retry_attempt = ?7",
        )?
        .execute(params![
            process.id,
            process.started.cast_signed(),
            execution.project,
            execution.domain,
            execution.name,
            node.node_id,
            id.retry_attempt
        ])?;
    Ok(())
}
