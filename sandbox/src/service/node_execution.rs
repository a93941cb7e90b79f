//! Nodes of executions.

use flyte_client::{
    Code, Status,
    proto::{
        admin::{self, UrlBlob, node_execution_closure::OutputResult},
        core::{CompiledWorkflowClosure, NodeExecutionIdentifier},
    },
};

use super::execution;
use crate::{
    Sandbox,
    compile::START,
    identity::{self, DataSide},
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, filled, not_found, required},
    store::{self, node_execution::NodeExecution},
};

/// Nodes of executions, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "node_execution",
    name: "node_executions",
    from: "node_executions",
    columns: &[
        Column::text("execution_project"),
        Column::text("execution_domain"),
        Column::text("execution_name"),
        Column::text("node_id"),
        Column::text("phase"),
        Column::text("input_uri"),
        Column::bytes("closure"),
        Column::time("started_at"),
        Column::time("node_execution_created_at"),
        Column::time("node_execution_updated_at"),
        Column::duration("duration"),
        Column::bytes("node_execution_metadata"),
        Column::integer("parent_id"),
        Column::integer("parent_task_execution_id"),
        Column::text("error_kind"),
        Column::text("error_code"),
        Column::text("cache_status"),
        Column::text("dynamic_workflow_remote_closure_reference"),
        Column::bytes("internal_data"),
    ],
    joins: JOINS,
};

static JOINS: &[Join] = &[Join {
    table: &execution::TABLE,
    on: "executions.execution_project = node_executions.execution_project \
         AND executions.execution_domain = node_executions.execution_domain \
         AND executions.execution_name = node_executions.execution_name",
}];

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::NodeExecutionGetRequest,
) -> Result<admin::NodeExecution, ServiceError> {
    Ok(message(stored(sandbox, request.id)?))
}

pub(crate) fn data(
    sandbox: &Sandbox,
    request: admin::NodeExecutionGetDataRequest,
) -> Result<admin::NodeExecutionGetDataResponse, ServiceError> {
    let node = stored(sandbox, request.id)?;
    let made = sandbox.store.read(|connection| store::dynamic_workflow::find(connection, node.row))?;
    let dynamic_workflow = made.map(|compiled| admin::DynamicWorkflowNodeMetadata {
        id: compiled
            .primary
            .as_ref()
            .and_then(|primary| primary.template.as_ref())
            .and_then(|template| template.id.clone()),
        compiled_workflow: Some(as_shown(compiled)),
        dynamic_job_spec_uri: node.closure.dynamic_job_spec_uri.clone(),
    });
    let mut urls =
        flyte_urls(&[&node.execution.project, &node.execution.domain, &node.execution.name, &node.node_id]);
    if !node.closure.deck_uri.is_empty() {
        urls.deck = identity::data_address(&node.execution, &node.node_id, DataSide::Deck);
    }
    #[expect(deprecated, reason = "FlyteAdmin fills them, too")]
    Ok(admin::NodeExecutionGetDataResponse {
        inputs: Some(UrlBlob::default()),
        outputs: Some(UrlBlob::default()),
        full_inputs: Some(node.inputs),
        full_outputs: Some(node.outputs.unwrap_or_default()),
        dynamic_workflow,
        flyte_urls: Some(urls),
    })
}

/// The workflow that a dynamic node made.
pub(crate) fn dynamic_workflow(
    sandbox: &Sandbox,
    request: admin::GetDynamicNodeWorkflowRequest,
) -> Result<admin::DynamicNodeWorkflowResponse, ServiceError> {
    let node = stored(sandbox, request.id)?;
    let made = sandbox.store.read(|connection| store::dynamic_workflow::find(connection, node.row))?;
    let made = made.ok_or_else(|| Status::new(Code::NotFound, "node does not contain dynamic workflow"))?;
    Ok(admin::DynamicNodeWorkflowResponse { compiled_workflow: Some(as_shown(made)) })
}

/// The launch plans of a compiled workflow are for the engine; FlyteAdmin shows none.
fn as_shown(mut compiled: CompiledWorkflowClosure) -> CompiledWorkflowClosure {
    compiled.launch_plans.clear();
    compiled
}

/// The addresses of the inputs and outputs of a node or an attempt, by the parts of its identifier.
pub(super) fn flyte_urls(parts: &[&str]) -> admin::FlyteUrLs {
    let base = parts.join("/");
    admin::FlyteUrLs {
        inputs: format!("flyte://v1/{base}/i"),
        outputs: format!("flyte://v1/{base}/o"),
        deck: String::new(),
    }
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::NodeExecutionListRequest,
) -> Result<admin::NodeExecutionList, ServiceError> {
    let id = execution::identified(request.workflow_execution_id)?;
    let execution = id.clone();
    let listing = Listing::new(&TABLE)
        .with("execution_project", id.project.clone())
        .with("execution_domain", id.domain.clone())
        .with("execution_name", id.name.clone())
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListNodeExecutions")?;
    let listing = if request.unique_parent_id.is_empty() {
        listing.only("node_executions.parent_id IS NULL")
    } else {
        let above = NodeExecutionIdentifier { node_id: request.unique_parent_id, execution_id: Some(id) };
        listing.with("parent_id", stored(sandbox, Some(above))?.row)
    };
    let (page, parents) = sandbox.store.read(|connection| {
        let page = listing.rows(connection, store::node_execution::COLUMNS, store::node_execution::read)?;
        Ok::<_, ServiceError>((page, store::node_execution::parents(connection, &execution)?))
    })?;
    let node_executions = page.rows.into_iter().map(|mut node| {
        // In lists only, FlyteAdmin looks for the nodes below.
        node.metadata.is_parent_node |= parents.contains(&node.row);
        with_short_error(message(node))
    });
    let node_executions = node_executions.collect();
    Ok(admin::NodeExecutionList { node_executions, token: page.token })
}

/// The node with an identifier, which may be incomplete.
pub(super) fn stored(
    sandbox: &Sandbox,
    id: Option<NodeExecutionIdentifier>,
) -> Result<NodeExecution, ServiceError> {
    let id = required(id, "id")?;
    let execution = execution::identified(id.execution_id.clone())?;
    let node =
        sandbox.store.read(|connection| store::node_execution::find(connection, &execution, &id.node_id))?;
    node.ok_or_else(|| not_found("node execution", shown(&id)))
}

/// Checks that the identifier of a node is complete.
pub(super) fn checked(id: Option<NodeExecutionIdentifier>) -> Result<NodeExecutionIdentifier, ServiceError> {
    let id = required(id, "id")?;
    let execution = required(id.execution_id, "execution_id")?;
    filled(&id.node_id, "node_id")?;
    let execution = execution::identified(Some(execution))?;
    Ok(NodeExecutionIdentifier { node_id: id.node_id, execution_id: Some(execution) })
}

/// A node's identifier as Go prints it.
pub(super) fn shown(id: &NodeExecutionIdentifier) -> String {
    let execution = id.execution_id.clone().unwrap_or_default();
    let node = if id.node_id.is_empty() { String::new() } else { format!("node_id:{:?} ", id.node_id) };
    format!(
        "{node}execution_id:{{project:{:?} domain:{:?} name:{:?}}}",
        execution.project, execution.domain, execution.name
    )
}

fn with_short_error(mut node: admin::NodeExecution) -> admin::NodeExecution {
    if let Some(closure) = &mut node.closure
        && let Some(OutputResult::Error(error)) = &mut closure.output_result
    {
        super::trim_error::shorten(error);
    }
    node
}

fn message(node: NodeExecution) -> admin::NodeExecution {
    // The start node has no inputs.
    let input_uri = if node.metadata.spec_node_id == START {
        String::new()
    } else {
        identity::data_address(&node.execution, &node.node_id, DataSide::Inputs)
    };
    admin::NodeExecution {
        id: Some(NodeExecutionIdentifier { node_id: node.node_id, execution_id: Some(node.execution) }),
        input_uri,
        closure: Some(node.closure),
        metadata: Some(node.metadata),
    }
}
