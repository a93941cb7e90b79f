//! The metrics of an execution: how long it and its parts took.

use flyte_client::proto::{
    admin,
    core::{self, NodeExecutionIdentifier, Span, span},
};

use super::{found, identified};
use crate::{
    Sandbox,
    service_error::ServiceError,
    store::{self, node_execution::NodeExecution, task_execution::TaskExecution},
};

/// The span of an execution, with those of its nodes and their attempts, as deep as asked for.
pub(crate) fn metrics(
    sandbox: &Sandbox,
    request: admin::WorkflowExecutionGetMetricsRequest,
) -> Result<admin::WorkflowExecutionGetMetricsResponse, ServiceError> {
    let id = identified(request.id)?;
    let (execution, nodes, attempts) = sandbox.store.read(|connection| {
        let nodes = store::node_execution::list_for_execution(connection, &id)?;
        let attempts = store::task_execution::list_for_execution(connection, &id)?;
        Ok::<_, ServiceError>((found(connection, &id)?, nodes, attempts))
    })?;
    let depth = if request.depth > 0 { request.depth } else { i32::MAX };
    let closure = execution.closure;
    let span = Span {
        start_time: closure.created_at,
        end_time: end(closure.started_at.or(closure.created_at), closure.duration),
        id: Some(span::Id::WorkflowId(id)),
        spans: below(&nodes, &attempts, None, depth),
    };
    Ok(admin::WorkflowExecutionGetMetricsResponse { span: Some(span) })
}

/// The spans of the nodes below a node.
fn below(nodes: &[NodeExecution], attempts: &[TaskExecution], parent: Option<i64>, depth: i32) -> Vec<Span> {
    if depth <= 1 {
        return Vec::new();
    }
    let children = nodes.iter().filter(|node| node.parent == parent);
    children.map(|node| node_span(node, nodes, attempts, depth - 1)).collect()
}

fn node_span(node: &NodeExecution, nodes: &[NodeExecution], attempts: &[TaskExecution], depth: i32) -> Span {
    let mut spans = below(nodes, attempts, Some(node.row), depth);
    if depth > 1 {
        spans.extend(attempts.iter().filter(|attempt| attempt.node_id == node.node_id).map(attempt_span));
    }
    let id =
        NodeExecutionIdentifier { node_id: node.node_id.clone(), execution_id: Some(node.execution.clone()) };
    Span {
        start_time: node.closure.created_at,
        end_time: end(node.closure.started_at, node.closure.duration),
        id: Some(span::Id::NodeId(id)),
        spans,
    }
}

fn attempt_span(attempt: &TaskExecution) -> Span {
    let id: core::TaskExecutionIdentifier = attempt.id();
    Span {
        start_time: attempt.closure.created_at,
        end_time: end(attempt.closure.started_at, attempt.closure.duration),
        id: Some(span::Id::TaskId(id)),
        spans: Vec::new(),
    }
}

fn end(
    start: Option<prost_types::Timestamp>,
    duration: Option<prost_types::Duration>,
) -> Option<prost_types::Timestamp> {
    let (start, duration) = (start?, duration?);
    let mut end = prost_types::Timestamp {
        seconds: start.seconds + duration.seconds,
        nanos: start.nanos + duration.nanos,
    };
    end.normalize();
    Some(end)
}
