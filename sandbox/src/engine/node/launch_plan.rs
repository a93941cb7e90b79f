//! Launch plan nodes, which start an execution of their own.

use crate::{
    engine::{
        names,
        node::NodeState,
        node_error::{FAILURE_ABORT, USER_ABORT, execution_error},
        run::{Run, Step},
    },
    service::execution::{LaunchRequest, launch, request_abort},
    service_error::ServiceError,
    store::{self, execution::Execution},
};
use std::collections::BTreeMap;

use flyte_client::proto::{
    admin::{
        ExecutionMetadata, ExecutionSpec, Labels, WorkflowNodeMetadata, execution_closure,
        execution_metadata::ExecutionMode, node_execution_closure::TargetMetadata,
    },
    core::{
        Identifier, NodeExecutionIdentifier, ResourceType, WorkflowExecutionIdentifier,
        execution_error::ErrorKind, node_execution::Phase, workflow_execution,
    },
};

impl Run {
    /// Starts the node's execution.
    pub(in crate::engine) fn start_child(
        &mut self,
        index: usize,
        plan: Identifier,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::Running);
        self.stored_row(index, step)?;
        let request = self.child_request(index, plan);
        let child = WorkflowExecutionIdentifier { name: request.name.clone(), ..self.execution.id.clone() };
        let metadata = WorkflowNodeMetadata { execution_id: Some(child) };
        self.nodes[index].record.closure.target_metadata =
            Some(TargetMetadata::WorkflowNodeMetadata(metadata));
        match launch(step.transaction, request, step.now) {
            Ok(execution) => {
                step.effects.launched.push(execution.row);
                Ok(())
            }
            Err(ServiceError::Status(status)) => {
                let error = execution_error(status.code.name(), status.message, ErrorKind::User);
                self.fail(index, error, Phase::Failed, step)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the node if its execution has ended.
    pub(in crate::engine) fn poll_child(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        use workflow_execution::Phase as ChildPhase;
        let Some(child) = self.child(index, step)? else { return Ok(()) };
        if !store::execution::is_over(child.phase()) {
            return Ok(());
        }
        match (child.phase(), child.closure.output_result) {
            (ChildPhase::Succeeded, _) => {
                self.succeed(index, child.outputs.unwrap_or_default(), Phase::Succeeded, step)
            }
            _ if self.is_unwanted(index) => self.abort(index, step),
            (_, Some(execution_closure::OutputResult::Error(error))) => {
                self.fail(index, error, Phase::Failed, step)
            }
            (phase, _) => {
                let text = format!("the execution `{}` ended as {}", child.id.name, phase.as_str_name());
                let error = execution_error("ChildEnded", text, ErrorKind::User);
                self.fail(index, error, Phase::Failed, step)
            }
        }
    }

    /// Restores an orphaned node: its execution has ended, or is still open.
    pub(in crate::engine) fn recover_child(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_state(index, NodeState::Running);
        self.poll_child(index, step)
    }

    /// Asks for the end of the node's execution; the node ends with it.
    pub(in crate::engine) fn stop_child(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        match self.child(index, step)? {
            Some(child) if !store::execution::is_over(child.phase()) => {
                step.effects.aborting.push(child.row);
                let parent = &self.execution.id.name;
                let is_user_abort = self.execution.phase() == workflow_execution::Phase::Aborting;
                let reason = if is_user_abort { USER_ABORT } else { FAILURE_ABORT };
                let cause =
                    format!("cascading abort as parent execution id [{parent}] aborted, reason [{reason}]");
                request_abort(step.transaction, child, cause, step.now)
            }
            Some(_) => self.poll_child(index, step),
            None => self.abort(index, step),
        }
    }

    /// The execution that a node started.
    fn child(&self, index: usize, step: &Step<'_>) -> Result<Option<Execution>, ServiceError> {
        match &self.nodes[index].record.closure.target_metadata {
            Some(TargetMetadata::WorkflowNodeMetadata(WorkflowNodeMetadata { execution_id: Some(id) })) => {
                Ok(store::execution::find(step.transaction, id)?)
            }
            _ => Ok(None),
        }
    }

    /// The request for the execution of a node. That of a recovered execution starts afresh, as on Flyte.
    fn child_request(&self, index: usize, mut plan: Identifier) -> LaunchRequest {
        plan.set_resource_type(ResourceType::LaunchPlan);
        let node = &self.nodes[index].record;
        let above = self.execution.spec.metadata.clone().unwrap_or_default();
        let metadata = ExecutionMetadata {
            mode: ExecutionMode::ChildWorkflow.into(),
            principal: above.principal,
            nesting: above.nesting + 1,
            parent_node_execution: Some(NodeExecutionIdentifier {
                node_id: node.node_id.clone(),
                execution_id: Some(self.execution.id.clone()),
            }),
            ..ExecutionMetadata::default()
        };
        let config = self.execution.config.clone();
        let spec = ExecutionSpec {
            launch_plan: Some(plan),
            metadata: Some(metadata),
            max_parallelism: config.max_parallelism,
            security_context: config.security_context,
            raw_output_data_config: config.raw_output_data_config,
            labels: Some(Labels { values: self.labels() }),
            annotations: Some(config.annotations.unwrap_or_default()),
            interruptible: config.interruptible,
            overwrite_cache: config.overwrite_cache,
            envs: Some(config.envs.unwrap_or_default()),
            ..ExecutionSpec::default()
        };
        LaunchRequest {
            project: self.execution.id.project.clone(),
            domain: self.execution.id.domain.clone(),
            name: names::child_execution(&self.execution.id.name, &node.node_id, 0),
            spec,
            inputs: node.inputs.clone(),
            source: None,
            parent_node: Some(node.row),
        }
    }

    /// The labels that FlytePropeller gives an execution, under those that it was launched with.
    fn labels(&self) -> BTreeMap<String, String> {
        let id = &self.execution.id;
        let workflow = self.execution.closure.workflow_id.clone().unwrap_or_default().name;
        let own = [
            ("domain", id.domain.clone()),
            ("execution-id", id.name.clone()),
            ("project", id.project.clone()),
            ("workflow-name", workflow.replace(['.', '_'], "-")),
        ];
        let mut labels: BTreeMap<_, _> = own.map(|(key, value)| (key.to_owned(), value)).into();
        labels.extend(self.execution.config.labels.iter().flat_map(|labels| labels.values.clone()));
        labels
    }
}
