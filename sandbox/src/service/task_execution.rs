//! Attempts at tasks.

use flyte_client::proto::{
    admin::{self, UrlBlob, task_execution_closure::OutputResult},
    core::{ResourceType, TaskExecutionIdentifier},
};

use super::{execution, node_execution, task};
use crate::{
    Sandbox, identity,
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, not_found, required},
    store::{self, task_execution::TaskExecution},
};

/// Attempts, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "task_execution",
    name: "task_executions",
    from: "task_executions",
    columns: &[
        Column::text("project"),
        Column::text("domain"),
        Column::text("name"),
        Column::text("version"),
        Column::text("execution_project"),
        Column::text("execution_domain"),
        Column::text("execution_name"),
        Column::text("node_id"),
        Column::integer("retry_attempt"),
        Column::text("phase"),
        Column::integer("phase_version"),
        Column::text("input_uri"),
        Column::bytes("closure"),
        Column::time("started_at"),
        Column::time("task_execution_created_at"),
        Column::time("task_execution_updated_at"),
        Column::duration("duration"),
    ],
    joins: JOINS,
};

static JOINS: &[Join] = &[
    Join {
        table: &task::TABLE,
        on: "tasks.project = task_executions.project AND tasks.domain = task_executions.domain \
             AND tasks.name = task_executions.name AND tasks.version = task_executions.version",
    },
    Join {
        table: &execution::TABLE,
        on: "executions.execution_project = task_executions.execution_project \
             AND executions.execution_domain = task_executions.execution_domain \
             AND executions.execution_name = task_executions.execution_name",
    },
    Join {
        table: &node_execution::TABLE,
        on: "node_executions.execution_project = task_executions.execution_project \
             AND node_executions.execution_domain = task_executions.execution_domain \
             AND node_executions.execution_name = task_executions.execution_name \
             AND node_executions.node_id = task_executions.node_id",
    },
];

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::TaskExecutionGetRequest,
) -> Result<admin::TaskExecution, ServiceError> {
    Ok(message(stored(sandbox, request.id)?))
}

pub(crate) fn data(
    sandbox: &Sandbox,
    request: admin::TaskExecutionGetDataRequest,
) -> Result<admin::TaskExecutionGetDataResponse, ServiceError> {
    let attempt = stored(sandbox, request.id)?;
    let number = attempt.attempt.to_string();
    let execution = &attempt.execution;
    let urls = node_execution::flyte_urls(&[
        &execution.project,
        &execution.domain,
        &execution.name,
        &attempt.node_id,
        &number,
    ]);
    #[expect(deprecated, reason = "FlyteAdmin fills them, too")]
    Ok(admin::TaskExecutionGetDataResponse {
        inputs: Some(UrlBlob::default()),
        outputs: Some(UrlBlob::default()),
        full_inputs: Some(attempt.inputs),
        full_outputs: Some(attempt.outputs.unwrap_or_default()),
        flyte_urls: Some(urls),
    })
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::TaskExecutionListRequest,
) -> Result<admin::TaskExecutionList, ServiceError> {
    let node = node_execution::checked(request.node_execution_id)?;
    let execution = node.execution_id.unwrap_or_default();
    let listing = Listing::new(&TABLE)
        .with("execution_project", execution.project)
        .with("execution_domain", execution.domain)
        .with("execution_name", execution.name)
        .with("node_id", node.node_id)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListTaskExecutions")?;
    let page = sandbox.store.read(|connection| {
        listing.rows(connection, store::task_execution::COLUMNS, store::task_execution::read)
    })?;
    let task_executions = page.rows.into_iter().map(message).map(with_short_error).collect();
    Ok(admin::TaskExecutionList { task_executions, token: page.token })
}

/// The nodes of an attempt: only dynamic tasks have any, which the sandbox does not run.
pub(crate) fn list_nodes(
    sandbox: &Sandbox,
    request: admin::NodeExecutionForTaskListRequest,
) -> Result<admin::NodeExecutionList, ServiceError> {
    let id = required(request.task_execution_id, "task_execution_id")?;
    stored(sandbox, Some(id))?;
    Ok(admin::NodeExecutionList::default())
}

/// Checks that the identifier of an attempt is complete.
pub(super) fn checked(id: Option<TaskExecutionIdentifier>) -> Result<TaskExecutionIdentifier, ServiceError> {
    let id = required(id, "id")?;
    let node = required(id.node_execution_id, "node_execution_id")?;
    let node = node_execution::checked(Some(node))?;
    let task = required(id.task_id, "task_id")?;
    let task = identity::require_kind(Some(task), ResourceType::Task)?;
    Ok(TaskExecutionIdentifier { node_execution_id: Some(node), task_id: Some(task), ..id })
}

/// The attempt with an identifier.
pub(super) fn stored(
    sandbox: &Sandbox,
    id: Option<TaskExecutionIdentifier>,
) -> Result<TaskExecution, ServiceError> {
    let id = checked(id)?;
    let node = id.node_execution_id.clone().unwrap_or_default();
    let attempt = sandbox
        .store
        .read(|connection| store::task_execution::find(connection, &node, id.retry_attempt))?
        // The task is part of the key.
        .filter(|attempt| match &id.task_id {
            Some(task) => (&task.name, &task.version) == (&attempt.task.name, &attempt.task.version),
            None => true,
        });
    attempt.ok_or_else(|| {
        let node = node_execution::shown(&node);
        not_found("task execution", format!("{node} retry_attempt:{}", id.retry_attempt))
    })
}

fn with_short_error(mut attempt: admin::TaskExecution) -> admin::TaskExecution {
    if let Some(closure) = &mut attempt.closure
        && let Some(OutputResult::Error(error)) = &mut closure.output_result
    {
        super::trim_error::shorten(error);
    }
    attempt
}

fn message(attempt: TaskExecution) -> admin::TaskExecution {
    admin::TaskExecution {
        id: Some(attempt.id()),
        input_uri: String::new(),
        closure: Some(attempt.closure),
        is_parent: false,
    }
}
