//! Executions of workflows.

pub(crate) mod config;
mod inputs;
mod launch;
mod metrics;
mod single_task;

use flyte_client::{
    Code, Status,
    proto::{
        admin::{
            self, AbortMetadata, EventErrorAlreadyInTerminalState, EventFailureReason, ExecutionMetadata,
            ExecutionStateChangeDetails, event_failure_reason::Reason, execution_closure::OutputResult,
            execution_metadata::ExecutionMode,
        },
        core::{WorkflowExecutionIdentifier, workflow_execution::Phase},
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

pub(crate) use self::launch::{LaunchRequest, launch};
pub(crate) use self::metrics::metrics;
use crate::{
    Sandbox,
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, filled, not_found, required},
    store::{
        self,
        execution::{Execution, is_over},
        time,
    },
};

/// Executions, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "execution",
    name: "executions",
    from: "executions",
    columns: &[
        Column::text("execution_project"),
        Column::text("execution_domain"),
        Column::text("execution_name"),
        Column::integer("launch_plan_id"),
        Column::integer("workflow_id"),
        Column::integer("task_id"),
        Column::text("phase"),
        Column::bytes("closure"),
        Column::bytes("spec"),
        Column::time("started_at"),
        Column::time("execution_created_at"),
        Column::time("execution_updated_at"),
        Column::duration("duration"),
        Column::text("abort_cause"),
        Column::integer("mode"),
        Column::integer("source_execution_id"),
        Column::integer("parent_node_execution_id"),
        Column::text("cluster"),
        Column::text("inputs_uri"),
        Column::text("user_inputs_uri"),
        Column::text("error_kind"),
        Column::text("error_code"),
        Column::text("user"),
        Column::integer("state"),
        Column::text("launch_entity"),
    ],
    joins: JOINS,
};

static JOINS: &[Join] = &[
    Join { table: &super::task::TABLE, on: "tasks.id = executions.task_id" },
    Join { table: &super::launch_plan::TABLE, on: "launch_plans.id = executions.launch_plan_id" },
    Join { table: &super::workflow::TABLE, on: "workflows.id = executions.workflow_id" },
    Join { table: &TAGS, on: TAG_OF_EXECUTION },
    Join { table: &ADMIN_TAGS, on: TAG_OF_EXECUTION },
];

const TAG_OF_EXECUTION: &str = "execution_tags.execution_project = executions.execution_project \
     AND execution_tags.execution_domain = executions.execution_domain \
     AND execution_tags.execution_name = executions.execution_name";

static TAGS: Table = Table {
    entity: "execution_tag",
    name: "execution_tags",
    from: "execution_tags",
    columns: &[Column::text("key"), Column::text("value")],
    joins: &[],
};

/// The older name of tags in filters.
static ADMIN_TAGS: Table = Table {
    entity: "admin_tag",
    name: "execution_tags",
    from: "execution_tags",
    columns: &[Column::renamed("name", "key")],
    joins: &[],
};

pub(crate) fn create(
    sandbox: &Sandbox,
    request: admin::ExecutionCreateRequest,
) -> Result<admin::ExecutionCreateResponse, ServiceError> {
    start(sandbox, request, None)
}

pub(crate) fn relaunch(
    sandbox: &Sandbox,
    request: admin::ExecutionRelaunchRequest,
) -> Result<admin::ExecutionCreateResponse, ServiceError> {
    let mut old = stored(sandbox, request.id)?;
    old.spec.overwrite_cache = request.overwrite_cache;
    start(sandbox, repeated(&old, request.name, ExecutionMode::Relaunch), Some(old.row))
}

pub(crate) fn recover(
    sandbox: &Sandbox,
    request: admin::ExecutionRecoverRequest,
) -> Result<admin::ExecutionCreateResponse, ServiceError> {
    let old = stored(sandbox, request.id)?;
    start(sandbox, repeated(&old, request.name, ExecutionMode::Recovered), Some(old.row))
}

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::WorkflowExecutionGetRequest,
) -> Result<admin::Execution, ServiceError> {
    Ok(message(stored(sandbox, request.id)?))
}

pub(crate) fn data(
    sandbox: &Sandbox,
    request: admin::WorkflowExecutionGetDataRequest,
) -> Result<admin::WorkflowExecutionGetDataResponse, ServiceError> {
    let execution = stored(sandbox, request.id)?;
    #[expect(deprecated, reason = "FlyteAdmin fills them, too")]
    Ok(admin::WorkflowExecutionGetDataResponse {
        inputs: Some(admin::UrlBlob::default()),
        outputs: Some(admin::UrlBlob::default()),
        full_inputs: Some(execution.inputs),
        full_outputs: Some(execution.outputs.unwrap_or_default()),
    })
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ResourceListRequest,
) -> Result<admin::ExecutionList, ServiceError> {
    let id = crate::identity::require_scope(&request)?;
    let listing = Listing::new(&TABLE)
        .with("execution_project", id.project)
        .with("execution_domain", id.domain)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListExecutions")?;
    // Archived executions only on request.
    let listing = if listing.filters_by("state") { listing } else { listing.only("executions.state = 0") };
    let page = sandbox
        .store
        .read(|connection| listing.rows(connection, store::execution::COLUMNS, store::execution::read))?;
    let executions = page.rows.into_iter().map(message).map(with_short_error).collect();
    Ok(admin::ExecutionList { executions, token: page.token })
}

pub(crate) fn update(
    sandbox: &Sandbox,
    request: admin::ExecutionUpdateRequest,
) -> Result<admin::ExecutionUpdateResponse, ServiceError> {
    let state = request.state();
    let id = identified(request.id)?;
    let now = Timestamp::now();
    sandbox.store.write(|transaction| {
        let mut execution = found(transaction, &id)?;
        execution.closure.state_change_details = Some(ExecutionStateChangeDetails {
            state: state.into(),
            occurred_at: Some(time::to_message(now)),
            principal: String::new(),
        });
        store::execution::update(transaction, &execution, now)?;
        Ok::<_, ServiceError>(())
    })?;
    Ok(admin::ExecutionUpdateResponse {})
}

pub(crate) fn terminate(
    sandbox: &Sandbox,
    request: admin::ExecutionTerminateRequest,
) -> Result<admin::ExecutionTerminateResponse, ServiceError> {
    let id = identified(request.id)?;
    sandbox.store.write(|transaction| {
        let execution = found(transaction, &id)?;
        if is_over(execution.phase()) {
            return Err(already_over(execution.phase()));
        }
        request_abort(transaction, execution, request.cause, Timestamp::now())
    })?;
    sandbox.wake_engine();
    Ok(admin::ExecutionTerminateResponse {})
}

/// Asks the engine to end an open execution.
pub(crate) fn request_abort(
    connection: &Connection,
    mut execution: Execution,
    cause: String,
    now: Timestamp,
) -> Result<(), ServiceError> {
    execution.closure.set_phase(Phase::Aborting);
    execution.closure.updated_at = Some(time::to_message(now));
    let abort = AbortMetadata { cause, principal: String::new() };
    execution.closure.output_result = Some(OutputResult::AbortMetadata(abort));
    Ok(store::execution::update(connection, &execution, now)?)
}

/// Launches the execution of a request; `source` is the row of the execution that it repeats.
fn start(
    sandbox: &Sandbox,
    request: admin::ExecutionCreateRequest,
    source: Option<i64>,
) -> Result<admin::ExecutionCreateResponse, ServiceError> {
    let execution = sandbox.store.write(|transaction| create_in(transaction, request, source))?;
    sandbox.wake_engine();
    Ok(admin::ExecutionCreateResponse { id: Some(execution.id) })
}

/// Stores the execution of a request for the engine to run; `source` is the row of the execution that it
/// repeats.
pub(crate) fn create_in(
    transaction: &Transaction<'_>,
    request: admin::ExecutionCreateRequest,
    source: Option<i64>,
) -> Result<Execution, ServiceError> {
    launch::validate(transaction, &request)?;
    let spec = required(request.spec, "spec")?;
    // Older clients send the inputs in the spec.
    let inputs = request.inputs.or_else(|| inputs_within(&spec)).unwrap_or_default();
    let launch_request = LaunchRequest {
        project: request.project,
        domain: request.domain,
        name: request.name,
        spec: without_inputs(spec),
        inputs,
        source,
        parent_node: None,
    };
    launch(transaction, launch_request, Timestamp::now())
}

/// The request for an execution like an older one.
fn repeated(old: &Execution, name: String, mode: ExecutionMode) -> admin::ExecutionCreateRequest {
    let mut spec = old.spec.clone();
    spec.metadata = Some(ExecutionMetadata {
        mode: mode.into(),
        reference_execution: Some(old.id.clone()),
        ..ExecutionMetadata::default()
    });
    admin::ExecutionCreateRequest {
        project: old.id.project.clone(),
        domain: old.id.domain.clone(),
        name,
        spec: Some(spec),
        inputs: Some(old.user_inputs.clone()),
        ..admin::ExecutionCreateRequest::default()
    }
}

pub(super) fn identified(
    id: Option<WorkflowExecutionIdentifier>,
) -> Result<WorkflowExecutionIdentifier, ServiceError> {
    let id = required(id, "id")?;
    for (value, field) in [(&id.project, "project"), (&id.domain, "domain"), (&id.name, "name")] {
        filled(value, field)?;
    }
    Ok(id)
}

pub(super) fn stored(
    sandbox: &Sandbox,
    id: Option<WorkflowExecutionIdentifier>,
) -> Result<Execution, ServiceError> {
    let id = identified(id)?;
    let execution = sandbox.store.read(|connection| store::execution::find(connection, &id))?;
    execution.ok_or_else(|| unknown(&id))
}

fn found(connection: &Connection, id: &WorkflowExecutionIdentifier) -> Result<Execution, ServiceError> {
    store::execution::find(connection, id)?.ok_or_else(|| unknown(id))
}

/// NOT_FOUND for an execution.
pub(super) fn unknown(id: &WorkflowExecutionIdentifier) -> ServiceError {
    let text = format!("project:{:?} domain:{:?} name:{:?}", id.project, id.domain, id.name);
    not_found("execution", text)
}

fn already_over(phase: Phase) -> ServiceError {
    let phase = phase.as_str_name();
    let text = "Cannot abort an already terminated workflow execution";
    let detail = EventFailureReason {
        reason: Some(Reason::AlreadyInTerminalState(EventErrorAlreadyInTerminalState {
            current_phase: phase.to_owned(),
        })),
    };
    Status::new(Code::FailedPrecondition, text).with_detail(&detail).into()
}

fn message(execution: Execution) -> admin::Execution {
    admin::Execution { id: Some(execution.id), spec: Some(execution.spec), closure: Some(execution.closure) }
}

fn with_short_error(mut execution: admin::Execution) -> admin::Execution {
    if let Some(closure) = &mut execution.closure
        && let Some(OutputResult::Error(error)) = &mut closure.output_result
    {
        super::trim_error::shorten(error);
    }
    execution
}

#[expect(deprecated, reason = "older clients send it")]
fn inputs_within(spec: &admin::ExecutionSpec) -> Option<flyte_client::proto::core::LiteralMap> {
    spec.inputs.clone()
}

#[expect(deprecated, reason = "older clients send it")]
fn without_inputs(spec: admin::ExecutionSpec) -> admin::ExecutionSpec {
    admin::ExecutionSpec { inputs: None, ..spec }
}
