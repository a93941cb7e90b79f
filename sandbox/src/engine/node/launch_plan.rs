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
        run::{Run, failure},
        step::Step,
    },
    service::execution::{Wish, ask_for_end, launch},
    service_error::Failure,
    store,
};

/// Starts the node's execution.
pub(super) fn start(
    run: &mut Run,
    index: usize,
    plan: Identifier,
    step: &mut Step<'_>,
) -> Result<(), Failure> {
    run.enter(index, Phase::Running, step);
    run.row(index, step)?;
    let wish = wish(run, index, plan, step)?;
    let child = WorkflowExecutionIdentifier { name: wish.name.clone(), ..run.execution.id.clone() };
    let metadata = WorkflowNodeMetadata { execution_id: Some(child) };
    run.nodes[index].record.closure.target_metadata = Some(TargetMetadata::WorkflowNodeMetadata(metadata));
    match launch(step.transaction, wish, step.now) {
        Ok(execution) => {
            step.after.launched.push(execution.row);
            Ok(())
        }
        Err(Failure::Told(status)) => {
            run.leave_room();
            let error = failure(status.code.name(), status.message, ErrorKind::User);
            run.fail(index, error, Phase::Failed, step)
        }
        Err(broken) => Err(broken),
    }
}

/// Looks how it is with the node's execution.
pub(in crate::engine) fn look(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), Failure> {
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
            run.fail(index, failure("ChildEnded", text, ErrorKind::User), Phase::Failed, step)
        }
    }
}

/// Asks for the end of the node's execution; the node ends with it.
pub(super) fn stop(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), Failure> {
    let stored = match child(run, index) {
        Some(id) => store::execution::find(step.transaction, &id)?,
        None => None,
    };
    match stored {
        Some(child) if !store::execution::is_over(child.phase()) => {
            step.after.aborted.push(child.row);
            let parent = &run.execution.id.name;
            ask_for_end(step.transaction, child, format!("its parent `{parent}` ended"), step.now)
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
fn wish(run: &Run, index: usize, mut plan: Identifier, step: &Step<'_>) -> Result<Wish, Failure> {
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
    Ok(Wish {
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
) -> Result<Option<WorkflowExecutionIdentifier>, Failure> {
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
