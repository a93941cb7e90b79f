//! The metrics of an execution: what it spent its time on, as FlyteAdmin computes them
//! (`flyteadmin/pkg/manager/impl/metrics_manager.go`). A span is an execution, a node, an attempt, or what
//! Flyte itself does around these: an operation.

use flyte_client::proto::{
    admin::{self, WorkflowClosure, WorkflowNodeMetadata, node_execution_closure::TargetMetadata},
    core::{
        CompiledWorkflow, CompiledWorkflowClosure, NodeExecutionIdentifier, Span, node::Target, span,
        workflow_node::Reference,
    },
};
use prost_types::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{found, identified};
use crate::{
    Sandbox,
    compile::{END, START},
    service_error::ServiceError,
    store::{
        self, encoded::Encoded, execution::Execution, node_execution::NodeExecution,
        task_execution::TaskExecution,
    },
};

/// The span of an execution with those below it, as deep as asked for; without limit if
/// the depth is negative.
pub(crate) fn metrics(
    sandbox: &Sandbox,
    request: admin::WorkflowExecutionGetMetricsRequest,
) -> Result<admin::WorkflowExecutionGetMetricsResponse, ServiceError> {
    let id = identified(request.id)?;
    let span = sandbox.store.read(|connection| {
        let execution = found(connection, &id)?;
        execution_span(connection, &execution, request.depth)
    })?;
    Ok(admin::WorkflowExecutionGetMetricsResponse { span: Some(span) })
}

/// An execution with what is stored of it.
struct Timeline<'a> {
    connection: &'a Connection,
    nodes: Vec<NodeExecution>,
    attempts: Vec<TaskExecution>,
    workflow: CompiledWorkflowClosure,
}

/// The nodes of a workflow, the execution's own or that of a sub-workflow node.
struct Level<'a> {
    nodes: Vec<&'a NodeExecution>,
    workflow: Option<&'a CompiledWorkflow>,
}

fn execution_span(connection: &Connection, execution: &Execution, depth: i32) -> Result<Span, ServiceError> {
    let (created, updated) = (execution.closure.created_at, execution.closure.updated_at);
    let mut spans = Vec::new();
    if depth != 0 {
        let timeline = Timeline::read(connection, execution)?;
        let level = timeline.level(None, timeline.workflow.primary.as_ref());
        spans = timeline.level_spans(
            &level,
            [("WORKFLOW_SETUP", created), ("WORKFLOW_TEARDOWN", updated)],
            depth - 1,
        )?;
    }
    let id = span::Id::WorkflowId(execution.id.clone());
    Ok(Span { start_time: created, end_time: updated, id: Some(id), spans })
}

impl<'a> Timeline<'a> {
    fn read(connection: &'a Connection, execution: &Execution) -> Result<Self, ServiceError> {
        let closure = connection
            .prepare_cached("SELECT closure FROM workflows WHERE id = ?1")?
            .query_row([execution.links.workflow], |row| Ok(row.get::<_, Encoded<WorkflowClosure>>(0)?.0))
            .optional()?;
        Ok(Self {
            connection,
            nodes: store::node_execution::list_for_execution(connection, &execution.id)?,
            attempts: store::task_execution::list_for_execution(connection, &execution.id)?,
            workflow: closure.and_then(|closure| closure.compiled_workflow).unwrap_or_default(),
        })
    }

    fn level<'s>(&'s self, parent: Option<i64>, workflow: Option<&'s CompiledWorkflow>) -> Level<'s> {
        let mut nodes: Vec<_> = self.nodes.iter().filter(|node| node.parent == parent).collect();
        nodes.sort_by_key(|node| order(node.closure.created_at));
        Level { nodes, workflow }
    }

    /// The spans of a workflow's nodes, between its setup and its teardown.
    fn level_spans(
        &self,
        level: &Level<'_>,
        [(setup, begin), (teardown, end)]: [(&str, Option<Timestamp>); 2],
        depth: i32,
    ) -> Result<Vec<Span>, ServiceError> {
        let Some(start) = level.node(START) else { return Ok(vec![operation(setup, begin, end)]) };
        let mut spans = vec![operation(setup, begin, start.closure.updated_at)];
        for node in level.nodes.iter().filter(|node| !is_marker(node)) {
            let mut span = self.node_span(level, node, depth)?;
            if let Some(before) = level.latest_upstream(&node.metadata.spec_node_id) {
                span.spans.insert(0, operation("NODE_TRANSITION", before, node.closure.created_at));
            }
            spans.push(span);
        }
        spans.extend(level.latest_upstream(END).and_then(|last| remainder(teardown, last, end)));
        Ok(spans)
    }

    fn node_span(&self, level: &Level<'_>, node: &NodeExecution, depth: i32) -> Result<Span, ServiceError> {
        let spans = if depth == 0 { Vec::new() } else { self.spans_below(level, node, depth - 1)? };
        let id = NodeExecutionIdentifier {
            node_id: node.node_id.clone(),
            execution_id: Some(node.execution.clone()),
        };
        Ok(Span {
            start_time: node.closure.created_at,
            end_time: node.closure.updated_at,
            id: Some(span::Id::NodeId(id)),
            spans,
        })
    }

    fn spans_below(
        &self,
        level: &Level<'_>,
        node: &NodeExecution,
        depth: i32,
    ) -> Result<Vec<Span>, ServiceError> {
        let (created, updated) = (node.closure.created_at, node.closure.updated_at);
        match level.target(&node.metadata.spec_node_id) {
            Some(Target::TaskNode(_)) => Ok(self.task_spans(node, depth)),
            Some(Target::GateNode(_)) => Ok(gate_spans(node)),
            Some(Target::WorkflowNode(target)) => match &target.reference {
                Some(Reference::SubWorkflowRef(id)) => {
                    let workflow = self.workflow.sub_workflows.iter().find(|workflow| {
                        let template = workflow.template.as_ref();
                        template
                            .and_then(|template| template.id.as_ref())
                            .is_some_and(|own| (&own.name, &own.version) == (&id.name, &id.version))
                    });
                    let below = self.level(Some(node.row), workflow);
                    let around = [("NODE_SETUP", created), ("NODE_TEARDOWN", updated)];
                    self.level_spans(&below, around, depth)
                }
                Some(Reference::LaunchplanRef(_)) => self.child_spans(node, depth),
                None => Ok(Vec::new()),
            },
            Some(Target::BranchNode(_) | Target::ArrayNode(_)) | None => Ok(Vec::new()),
        }
    }

    fn child_spans(&self, node: &NodeExecution, depth: i32) -> Result<Vec<Span>, ServiceError> {
        let (created, updated) = (node.closure.created_at, node.closure.updated_at);
        let child = match &node.closure.target_metadata {
            Some(TargetMetadata::WorkflowNodeMetadata(WorkflowNodeMetadata { execution_id: Some(id) })) => {
                store::execution::find(self.connection, id)?
            }
            _ => None,
        };
        let Some(child) = child else { return Ok(vec![operation("NODE_SETUP", created, updated)]) };
        let mut spans = vec![operation("NODE_SETUP", created, child.closure.created_at)];
        spans.push(execution_span(self.connection, &child, depth)?);
        spans.extend(remainder("NODE_TEARDOWN", child.closure.updated_at, updated));
        Ok(spans)
    }

    fn task_spans(&self, node: &NodeExecution, depth: i32) -> Vec<Span> {
        let (created, updated) = (node.closure.created_at, node.closure.updated_at);
        let attempts: Vec<_> =
            self.attempts.iter().filter(|attempt| attempt.node_id == node.node_id).collect();
        let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else {
            return vec![operation("NODE_SETUP", created, updated)];
        };
        let mut spans = vec![operation("NODE_SETUP", created, first.closure.created_at)];
        let mut before = None;
        for attempt in &attempts {
            spans.extend(before.map(|before| operation("NODE_RESET", before, attempt.closure.created_at)));
            if depth != 0 {
                spans.push(attempt_span(attempt));
            }
            before = Some(attempt.closure.updated_at);
        }
        spans.extend(remainder("NODE_TEARDOWN", last.closure.updated_at, updated));
        spans
    }
}

impl Level<'_> {
    fn node(&self, spec_id: &str) -> Option<&NodeExecution> {
        self.nodes.iter().find(|node| node.metadata.spec_node_id == spec_id).copied()
    }

    fn target(&self, spec_id: &str) -> Option<&Target> {
        let nodes = &self.workflow?.template.as_ref()?.nodes;
        nodes.iter().find(|node| node.id == spec_id)?.target.as_ref()
    }

    /// When the last of the nodes was updated that a node comes after.
    fn latest_upstream(&self, spec_id: &str) -> Option<Option<Timestamp>> {
        let upstream = self.workflow?.connections.as_ref()?.upstream.get(spec_id)?;
        let nodes = upstream.ids.iter().filter_map(|id| self.node(id));
        nodes.map(|node| node.closure.updated_at).max_by_key(|updated| order(*updated))
    }
}

fn is_marker(node: &NodeExecution) -> bool {
    [START, END].contains(&node.metadata.spec_node_id.as_str())
}

fn gate_spans(node: &NodeExecution) -> Vec<Span> {
    let closure = &node.closure;
    let Some(started) = closure.started_at else {
        return vec![operation("NODE_SETUP", closure.created_at, closure.updated_at)];
    };
    let mut spans = vec![operation("NODE_SETUP", closure.created_at, Some(started))];
    match end(started, closure.duration) {
        None => spans.push(operation("NODE_IDLE", Some(started), closure.updated_at)),
        end => {
            spans.push(operation("NODE_IDLE", Some(started), end));
            spans.push(operation("NODE_TEARDOWN", end, closure.updated_at));
        }
    }
    spans
}

fn attempt_span(attempt: &TaskExecution) -> Span {
    let closure = &attempt.closure;
    let mut spans = Vec::new();
    match closure.started_at {
        None => spans.push(operation("TASK_SETUP", closure.created_at, closure.updated_at)),
        Some(started) => {
            spans.push(operation("TASK_SETUP", closure.created_at, Some(started)));
            let end = end(started, closure.duration);
            spans.push(operation("TASK_RUNTIME", Some(started), end.or(closure.updated_at)));
            spans.extend(end.and_then(|end| remainder("TASK_TEARDOWN", Some(end), closure.updated_at)));
        }
    }
    Span {
        start_time: closure.created_at,
        end_time: closure.updated_at,
        id: Some(span::Id::TaskId(attempt.id())),
        spans,
    }
}

fn operation(name: &str, start_time: Option<Timestamp>, end_time: Option<Timestamp>) -> Span {
    Span { start_time, end_time, id: Some(span::Id::OperationId(name.to_owned())), spans: Vec::new() }
}

/// The operation between two times, unless they are in the other order.
fn remainder(name: &str, start: Option<Timestamp>, end: Option<Timestamp>) -> Option<Span> {
    (order(start) <= order(end)).then(|| operation(name, start, end))
}

fn order(time: Option<Timestamp>) -> (i64, i32) {
    time.map_or((0, 0), |time| (time.seconds, time.nanos))
}

/// The end of what has ended.
fn end(start: Timestamp, duration: Option<prost_types::Duration>) -> Option<Timestamp> {
    let duration = duration.filter(|duration| duration.seconds > 0 || duration.nanos > 0)?;
    let mut end =
        Timestamp { seconds: start.seconds + duration.seconds, nanos: start.nanos + duration.nanos };
    end.normalize();
    Some(end)
}
