//! Attempts at tasks.

use std::collections::BTreeSet;

use flyte_client::proto::{
    admin::{self, UrlBlob, task_execution_closure::OutputResult},
    core::{ResourceType, TaskExecutionIdentifier, task_execution::Phase},
    event::ExternalResourceInfo,
};

use rusqlite::Connection;

use super::{execution, node_execution, task};
use crate::{
    Sandbox,
    engine::ARRAY_PLUGIN,
    identity::{self, DataSide},
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, not_found, required},
    store::{self, array_element::ElementTry, task_execution::TaskExecution},
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
    let attempt = stored(sandbox, request.id)?;
    Ok(sandbox.store.read(|connection| complete(connection, attempt))?)
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
    sandbox.store.read(|connection| {
        let page = listing.rows(connection, store::task_execution::COLUMNS, store::task_execution::read)?;
        let all = page.rows.into_iter().map(|attempt| complete(connection, attempt).map(with_short_error));
        Ok(admin::TaskExecutionList { task_executions: all.collect::<Result<_, _>>()?, token: page.token })
    })
}

/// The nodes of an attempt; FlyteAdmin lists none, also of dynamic tasks.
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

/// An attempt, with the tries of the elements of an array.
fn complete(
    connection: &Connection,
    mut attempt: TaskExecution,
) -> Result<admin::TaskExecution, rusqlite::Error> {
    let metadata = attempt.closure.metadata.as_mut();
    let Some(metadata) = metadata.filter(|metadata| metadata.plugin_identifier == ARRAY_PLUGIN) else {
        return Ok(message(attempt));
    };
    if metadata.external_resources.is_empty() && attempt.closure.phase() == Phase::Succeeded {
        // FlytePropeller does not begin an array without elements.
        return Ok(admin::TaskExecution { input_uri: String::new(), ..message(attempt) });
    }
    let node = store::node_execution::find(connection, &attempt.execution, &attempt.node_id)?;
    let tries = node.map(|node| store::array_element::list_for_node(connection, node.row)).transpose()?;
    if let (Some(metadata), Some(tries)) = (&mut attempt.closure.metadata, tries) {
        let elements = std::mem::take(&mut metadata.external_resources);
        metadata.external_resources = resources(&metadata.generated_name, &tries, elements);
    }
    Ok(message(attempt))
}

/// An entry for each try of each element, and one for an element that has not begun.
fn resources(
    name: &str,
    tries: &[ElementTry],
    elements: Vec<ExternalResourceInfo>,
) -> Vec<ExternalResourceInfo> {
    let mut resources: Vec<ExternalResourceInfo> = tries
        .iter()
        .map(|one| ExternalResourceInfo {
            external_id: format!("{name}-n{}-{}", one.element, one.attempt),
            index: one.element,
            retry_attempt: one.attempt,
            phase: one.phase.into(),
            cache_status: one.cache_status.into(),
            ..ExternalResourceInfo::default()
        })
        .collect();
    let begun: BTreeSet<u32> = tries.iter().map(|one| one.element).collect();
    resources.extend(elements.into_iter().filter(|element| !begun.contains(&element.index)));
    resources.sort_by_key(|resource| (resource.index, resource.retry_attempt));
    resources
}

fn message(attempt: TaskExecution) -> admin::TaskExecution {
    let input_uri = identity::data_address(&attempt.execution, &attempt.node_id, DataSide::Inputs);
    admin::TaskExecution {
        id: Some(attempt.id()),
        input_uri,
        closure: Some(attempt.closure),
        is_parent: false,
    }
}
