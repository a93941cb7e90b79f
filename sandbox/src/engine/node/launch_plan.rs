//! Nodes that start an execution of their own.

use flyte_client::proto::{
    admin::{
        ExecutionMetadata, WorkflowNodeMetadata, execution_closure, execution_metadata::ExecutionMode,
        node_execution_closure::TargetMetadata,
    },
    core::{
        Identifier, NodeExecutionIdentifier, ResourceType, WorkflowExecutionIdentifier,
        execution_error::ErrorKind, node_execution::Phase, workflow_execution,
    },
};
use sha2::{Digest, Sha256};

use crate::{
    engine::{
        run::{Run, execution_error},
        step::Step,
    },
    service::execution::{LaunchRequest, launch, request_abort},
    service_error::ServiceError,
    store,
};

/// Starts the node's execution.
pub(super) fn start(
    run: &mut Run,
    index: usize,
    plan: Identifier,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    run.enter(index, Phase::Running, step);
    run.row(index, step)?;
    let launch_request = child_request(run, index, plan, step)?;
    let child = WorkflowExecutionIdentifier { name: launch_request.name.clone(), ..run.execution.id.clone() };
    let metadata = WorkflowNodeMetadata { execution_id: Some(child) };
    run.nodes[index].record.closure.target_metadata = Some(TargetMetadata::WorkflowNodeMetadata(metadata));
    match launch(step.transaction, launch_request, step.now) {
        Ok(execution) => {
            step.after.launched.push(execution.row);
            Ok(())
        }
        Err(ServiceError::Status(status)) => {
            run.leave_room();
            let error = execution_error(status.code.name(), status.message, ErrorKind::User);
            run.fail(index, error, Phase::Failed, step)
        }
        Err(broken) => Err(broken),
    }
}

/// Looks how it is with the node's execution.
pub(in crate::engine) fn look(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    use workflow_execution::Phase as ChildPhase;
    let Some(id) = child(run, index) else { return Ok(()) };
    let Some(child) = store::execution::find(step.transaction, &id)? else { return Ok(()) };
    if !store::execution::is_over(child.phase()) {
        return Ok(());
    }
    run.leave_room();
    match (child.phase(), child.closure.output_result) {
        (ChildPhase::Succeeded, _) => {
            run.succeed(index, child.outputs.unwrap_or_default(), Phase::Succeeded, step)
        }
        _ if run.is_unwanted(index) => run.aborted(index, step),
        (_, Some(execution_closure::OutputResult::Error(error))) => {
            run.fail(index, error, Phase::Failed, step)
        }
        (phase, _) => {
            let text = format!("the execution `{}` ended as {}", id.name, phase.as_str_name());
            run.fail(index, execution_error("ChildEnded", text, ErrorKind::User), Phase::Failed, step)
        }
    }
}

/// Asks for the end of the node's execution; the node ends with it.
pub(super) fn stop(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    let stored = match child(run, index) {
        Some(id) => store::execution::find(step.transaction, &id)?,
        None => None,
    };
    match stored {
        Some(child) if !store::execution::is_over(child.phase()) => {
            step.after.aborted.push(child.row);
            let parent = &run.execution.id.name;
            request_abort(step.transaction, child, format!("its parent `{parent}` ended"), step.now)
        }
        Some(_) => look(run, index, step),
        None => run.aborted(index, step),
    }
}

/// The execution that a node started.
fn child(run: &Run, index: usize) -> Option<WorkflowExecutionIdentifier> {
    match &run.nodes[index].record.closure.target_metadata {
        Some(TargetMetadata::WorkflowNodeMetadata(metadata)) => metadata.execution_id.clone(),
        _ => None,
    }
}

/// The execution that a node wants.
fn child_request(
    run: &Run,
    index: usize,
    mut plan: Identifier,
    step: &Step<'_>,
) -> Result<LaunchRequest, ServiceError> {
    plan.set_resource_type(ResourceType::LaunchPlan);
    let node = &run.nodes[index].record;
    let mut spec = run.execution.spec.clone();
    let above = spec.metadata.take().unwrap_or_default();
    spec.launch_plan = Some(plan);
    let reference = recovered_child(run, index, step)?;
    let mode = if reference.is_some() { ExecutionMode::Recovered } else { ExecutionMode::ChildWorkflow };
    spec.metadata = Some(ExecutionMetadata {
        mode: mode.into(),
        principal: above.principal,
        nesting: above.nesting + 1,
        parent_node_execution: Some(NodeExecutionIdentifier {
            node_id: node.node_id.clone(),
            execution_id: Some(run.execution.id.clone()),
        }),
        reference_execution: reference,
        ..ExecutionMetadata::default()
    });
    Ok(LaunchRequest {
        project: run.execution.id.project.clone(),
        domain: run.execution.id.domain.clone(),
        name: child_name(&run.execution.id, &node.node_id),
        spec,
        inputs: node.inputs.clone(),
        source: None,
        parent_node: Some(node.row),
    })
}

/// Of an execution that recovers another one: that one's execution of the node, if it did not succeed.
fn recovered_child(
    run: &Run,
    index: usize,
    step: &Step<'_>,
) -> Result<Option<WorkflowExecutionIdentifier>, ServiceError> {
    let Some(source) = run.source() else { return Ok(None) };
    let id = &run.nodes[index].record.node_id;
    let node = store::node_execution::find(step.transaction, source, id)?;
    Ok(node.and_then(|node| match node.closure.target_metadata {
        Some(TargetMetadata::WorkflowNodeMetadata(metadata)) => metadata.execution_id,
        _ => None,
    }))
}

/// The name of a node's execution: always the same, so that it cannot be started twice.
fn child_name(parent: &WorkflowExecutionIdentifier, node: &str) -> String {
    let text = [&parent.project, &parent.domain, &parent.name, node].join("/");
    let digest = Sha256::digest(text.as_bytes());
    let mut name = data_encoding::BASE32HEX_NOPAD.encode(&digest).to_lowercase();
    name.truncate(19);
    format!("f{name}")
}
