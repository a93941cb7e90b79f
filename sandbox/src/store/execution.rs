//! The table of executions.
//!
//! Services insert rows, request their end (`ABORTING`) and archive them; everything else is written by the
//! engine.

use flyte_client::proto::{
    admin::{ExecutionClosure, ExecutionSpec, WorkflowExecutionConfig, execution_closure::OutputResult},
    core::{LiteralMap, WorkflowExecutionIdentifier, execution_error::ErrorKind, workflow_execution::Phase},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{encoded::Encoded, time};

/// One execution.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) row: i64,
    pub(crate) id: WorkflowExecutionIdentifier,
    /// As clients see it.
    pub(crate) spec: ExecutionSpec,
    /// The settings that it runs with.
    pub(crate) config: WorkflowExecutionConfig,
    pub(crate) closure: ExecutionClosure,
    /// Fixed, default and user inputs.
    pub(crate) inputs: LiteralMap,
    /// The inputs of the request.
    pub(crate) user_inputs: LiteralMap,
    pub(crate) outputs: Option<LiteralMap>,
    pub(crate) links: Links,
}

/// The rows that an execution refers to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    pub(crate) launch_plan: Option<i64>,
    pub(crate) workflow: Option<i64>,
    pub(crate) task: Option<i64>,
    /// Of a relaunched or recovered execution.
    pub(crate) source: Option<i64>,
    /// Of the execution that a node started.
    pub(crate) parent_node: Option<i64>,
}

impl Execution {
    /// Its phase.
    pub(crate) fn phase(&self) -> Phase {
        self.closure.phase()
    }
}

/// Whether an execution with this phase has ended.
pub(crate) fn is_over(phase: Phase) -> bool {
    matches!(phase, Phase::Succeeded | Phase::Failed | Phase::Aborted | Phase::TimedOut)
}

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "executions.id, executions.execution_project, executions.execution_domain, \
     executions.execution_name, executions.spec, executions.closure, executions.inputs, executions.user_inputs, \
     executions.outputs, executions.launch_plan_id, executions.workflow_id, executions.task_id, \
     executions.source_execution_id, executions.parent_node_execution_id, executions.config";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Execution, rusqlite::Error> {
    let spec = row.get::<_, Encoded<ExecutionSpec>>(4)?.0;
    let config = row.get::<_, Option<Encoded<_>>>(14)?;
    Ok(Execution {
        row: row.get(0)?,
        // Those of older executions are in the spec.
        config: config.map_or_else(|| settings(&spec), |config| config.0),
        id: WorkflowExecutionIdentifier {
            project: row.get(1)?,
            domain: row.get(2)?,
            name: row.get(3)?,
            org: String::new(),
        },
        spec,
        closure: row.get::<_, Encoded<_>>(5)?.0,
        inputs: row.get::<_, Encoded<_>>(6)?.0,
        user_inputs: row.get::<_, Encoded<_>>(7)?.0,
        outputs: row.get::<_, Option<Encoded<_>>>(8)?.map(|outputs| outputs.0),
        links: Links {
            launch_plan: row.get(9)?,
            workflow: row.get(10)?,
            task: row.get(11)?,
            source: row.get(12)?,
            parent_node: row.get(13)?,
        },
    })
}

/// The settings that a spec asks for.
pub(crate) fn settings(spec: &ExecutionSpec) -> WorkflowExecutionConfig {
    let spec = spec.clone();
    WorkflowExecutionConfig {
        max_parallelism: spec.max_parallelism,
        security_context: spec.security_context,
        raw_output_data_config: spec.raw_output_data_config,
        labels: spec.labels,
        annotations: spec.annotations,
        interruptible: spec.interruptible,
        overwrite_cache: spec.overwrite_cache,
        envs: spec.envs,
        ..WorkflowExecutionConfig::default()
    }
}

/// The execution with a name.
pub(crate) fn find(
    connection: &Connection,
    id: &WorkflowExecutionIdentifier,
) -> Result<Option<Execution>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM executions \
         WHERE execution_project = ?1 AND execution_domain = ?2 AND execution_name = ?3"
    );
    connection.prepare_cached(&query)?.query_row(params![id.project, id.domain, id.name], read).optional()
}

/// The execution of a row.
pub(crate) fn get(connection: &Connection, row: i64) -> Result<Execution, rusqlite::Error> {
    let query = format!("SELECT {COLUMNS} FROM executions WHERE id = ?1");
    connection.prepare_cached(&query)?.query_row([row], read)
}

/// The rows of all open executions, the oldest first.
pub(crate) fn open(connection: &Connection) -> Result<Vec<i64>, rusqlite::Error> {
    let mut query = connection.prepare_cached(
        "SELECT id FROM executions \
         WHERE phase NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT') ORDER BY id",
    )?;
    query.query_map([], |row| row.get(0))?.collect()
}

/// Whether the end of an open execution was requested.
pub(crate) fn is_aborting(connection: &Connection, row: i64) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT phase = 'ABORTING' FROM executions WHERE id = ?1")?
        .query_row([row], |row| row.get(0))
}

/// Adds a row for an execution, whose `row` is not read. Returns its number.
pub(crate) fn insert(
    connection: &Connection,
    execution: &Execution,
    now: Timestamp,
) -> Result<i64, rusqlite::Error> {
    let now = time::to_text(now);
    let mode = execution.spec.metadata.as_ref().map_or(0, |metadata| metadata.mode);
    // In lower case, unlike the other names in FlyteAdmin's tables.
    let entity = execution.spec.launch_plan.as_ref().map_or("", |id| id.resource_type().as_str_name());
    let entity = entity.to_lowercase();
    let user = execution.spec.metadata.as_ref().map_or("", |metadata| &metadata.principal);
    let mut statement = connection.prepare_cached(
        "INSERT INTO executions (execution_project, execution_domain, execution_name, launch_plan_id, \
         workflow_id, task_id, phase, spec, config, closure, inputs, user_inputs, mode, source_execution_id, \
         parent_node_execution_id, \"user\", launch_entity, execution_created_at, execution_updated_at, \
         created_at, updated_at) \
         VALUES (:project, :domain, :name, :launch_plan, :workflow, :task, :phase, :spec, :config, :closure, \
         :inputs, :user_inputs, :mode, :source, :parent_node, :user, :entity, :now, :now, :now, :now)",
    )?;
    let row = statement.insert(named_params! {
        ":project": execution.id.project,
        ":domain": execution.id.domain,
        ":name": execution.id.name,
        ":launch_plan": execution.links.launch_plan,
        ":workflow": execution.links.workflow,
        ":task": execution.links.task,
        ":phase": execution.phase().as_str_name(),
        ":spec": Encoded(&execution.spec),
        ":config": Encoded(&execution.config),
        ":closure": Encoded(&execution.closure),
        ":inputs": Encoded(&execution.inputs),
        ":user_inputs": Encoded(&execution.user_inputs),
        ":mode": mode,
        ":source": execution.links.source,
        ":parent_node": execution.links.parent_node,
        ":user": user,
        ":entity": entity,
        ":now": now,
    })?;
    insert_tags(connection, execution, &now)?;
    Ok(row)
}

fn insert_tags(connection: &Connection, execution: &Execution, now: &str) -> Result<(), rusqlite::Error> {
    let labels = execution.spec.labels.iter().flat_map(|labels| &labels.values);
    let labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
    #[expect(deprecated, reason = "clients still set it")]
    let tags = execution.spec.tags.iter().map(|tag| (tag.as_str(), ""));
    let mut statement = connection.prepare_cached(
        "INSERT INTO execution_tags (execution_project, execution_domain, execution_name, key, value, \
         created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?6, ?6)",
    )?;
    for (key, value) in labels.chain(tags) {
        let id = &execution.id;
        statement.execute(params![id.project, id.domain, id.name, key, value, now])?;
    }
    Ok(())
}

/// Stores what may change of an execution: phase, closure, outputs.
pub(crate) fn update(
    connection: &Connection,
    execution: &Execution,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let closure = &execution.closure;
    let (error, cause) = match &closure.output_result {
        Some(OutputResult::Error(error)) => (Some(error), ""),
        Some(OutputResult::AbortMetadata(abort)) => (None, abort.cause.as_str()),
        _ => (None, ""),
    };
    let state = closure.state_change_details.as_ref().map_or(0, |details| details.state);
    connection
        .prepare_cached(
            "UPDATE executions SET phase = :phase, closure = :closure, outputs = :outputs, state = :state, \
             abort_cause = :cause, error_kind = :kind, error_code = :code, started_at = :started, \
             duration = :duration, execution_updated_at = :now, updated_at = :now WHERE id = :row",
        )?
        .execute(named_params! {
            ":phase": execution.phase().as_str_name(),
            ":closure": Encoded(closure),
            ":outputs": execution.outputs.as_ref().map(Encoded),
            ":state": state,
            ":cause": cause,
            ":kind": error.map(|error| ErrorKind::as_str_name(&error.kind())),
            ":code": error.map(|error| &error.code),
            ":started": closure.started_at.as_ref().and_then(time::text_from_message),
            ":duration": time::nanoseconds(closure.duration.as_ref()),
            ":now": time::to_text(now),
            ":row": execution.row,
        })?;
    Ok(())
}
