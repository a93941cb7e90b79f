//! The transitions of nodes: how they begin, start, stop and end, whatever they run.

use std::sync::Arc;

use flyte_client::proto::{
    admin::{TaskNodeMetadata, node_execution_closure},
    core::{
        self, CompiledWorkflowClosure, ExecutionError, LiteralMap, execution_error::ErrorKind,
        node_execution::Phase, workflow_execution::Phase as ExecutionPhase,
    },
};

use super::{
    Run, ScopeOutputs,
    scope::{NodeFailure, ScopeState},
    step::Step,
};
use crate::{
    engine::{
        address, binding,
        node::{NodeState, dynamic::made_before, echo::is_echo},
        node_error::{FAILURE_ABORT, USER_ABORT, execution_error, node_aborted},
        program::NodeTarget,
    },
    service_error::ServiceError,
    store::{self, time},
};

/// What a recovered execution has of a node.
enum RecoveredNode {
    /// It succeeded.
    Outputs(LiteralMap),
    /// Its program had made a workflow, which runs again; with the address of the job.
    Dynamic(Arc<CompiledWorkflowClosure>, String),
}

impl Run {
    /// Moves a node to a state, and into that state's queue.
    pub(in crate::engine) fn set_state(&mut self, index: usize, state: NodeState) {
        let node = &mut self.nodes[index];
        debug_assert!(node.state.may_become(state), "{:?} → {state:?}", node.state);
        let (old, took_slot) = (node.state, node.takes_slot());
        node.state = state;
        match (took_slot, node.takes_slot()) {
            (false, true) => self.running += 1,
            (true, false) => self.running -= 1,
            _ => {}
        }
        let scope = &mut self.scopes[node.scope];
        match (old.is_open(), state.is_open()) {
            (false, true) => scope.running += 1,
            (true, false) => scope.running -= 1,
            _ => {}
        }
        if state == NodeState::Running && matches!(self.nodes[index].target, NodeTarget::Array(_)) {
            self.arrays.insert(index);
        } else {
            self.arrays.remove(&index);
        }
        self.queues.remove(old, index);
        if let Some(queue) = self.queues.of_state(state) {
            queue.push_back(index);
        }
    }

    /// Gives a node the phase that is stored, with its times.
    pub(in crate::engine) fn set_phase(&mut self, index: usize, phase: Phase, step: &Step<'_>) {
        let closure = &mut self.nodes[index].record.closure;
        closure.set_phase(phase);
        let now = time::to_message(step.now);
        closure.created_at.get_or_insert(now);
        closure.updated_at = Some(now);
        match phase {
            Phase::Running => {
                closure.started_at.get_or_insert(now);
            }
            // What never ran has neither a start nor a duration.
            _ => closure.duration = closure.started_at.map(|started| time::since(&started, step.now)),
        }
        self.changed.insert(index);
    }

    /// Marks a node as different from the store.
    pub(in crate::engine) fn mark_changed(&mut self, index: usize) {
        self.changed.insert(index);
    }

    /// `Waiting` → `Ready`, unless the scope begins no further nodes.
    pub(super) fn make_ready(&mut self, index: usize) {
        if self.scopes[self.nodes[index].scope].begins_nodes() {
            self.set_state(index, NodeState::Ready);
        }
    }

    /// Begins a node: binds its inputs, and leaves `Ready` by what it runs.
    pub(super) fn begin_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Queued, step);
        match self.bind_inputs(index) {
            Ok(inputs) => self.nodes[index].record.inputs = inputs,
            Err(error) => {
                let error = execution_error("BindingFailed", error.to_string(), ErrorKind::User);
                return self.fail(index, error, Phase::Failed, step);
            }
        }
        match self.recovered_node(index, step)? {
            Some(RecoveredNode::Outputs(outputs)) => return self.recover_outputs(index, outputs, step),
            Some(RecoveredNode::Dynamic(closure, job_uri)) => {
                return self.begin_dynamic(index, closure.as_ref().clone(), job_uri, step);
            }
            None => {}
        }
        match self.nodes[index].target.clone() {
            NodeTarget::Task(task) if is_echo(&task) => self.run_echo(index, &task, step),
            NodeTarget::Task(_) => self.look_up_cache(index, step),
            NodeTarget::SubWorkflow(workflow) => self.begin_sub_workflow(index, workflow, step),
            NodeTarget::LaunchPlan(..) | NodeTarget::Array(_) => {
                self.set_state(index, NodeState::Queued);
                Ok(())
            }
            NodeTarget::Gate(gate) => self.begin_gate(index, &gate, step),
            NodeTarget::Branch(branch) => self.begin_branch(index, &branch, step),
            NodeTarget::Unsupported(what) => {
                let text = format!("the sandbox does not run {what}");
                self.fail(index, execution_error("NotSupported", text, ErrorKind::User), Phase::Failed, step)
            }
        }
    }

    fn bind_inputs(&self, index: usize) -> Result<LiteralMap, binding::BindingError> {
        let node = &self.nodes[index];
        let outputs = ScopeOutputs { run: self, scope: node.scope };
        let mut values = binding::resolve(&node.spec.inputs, node.target.inputs(), &outputs)?;
        self.add_error(index, &mut values);
        Ok(values)
    }

    /// Gives a failure node the error that it asks for.
    fn add_error(&self, index: usize, values: &mut LiteralMap) {
        let node = &self.nodes[index];
        let ScopeState::CleaningUp(failure) = &self.scopes[node.scope].state else { return };
        // FlytePropeller names the failure node itself.
        let error =
            core::Error { failed_node_id: node.spec.id.clone(), message: failure.error.message.clone() };
        for (name, variable) in node.target.inputs().iter().flat_map(|map| &map.variables) {
            if let Some(value) = variable.r#type.as_ref().and_then(|wanted| binding::error(wanted, &error)) {
                values.literals.insert(name.clone(), value);
            }
        }
    }

    /// What the execution that this one recovers has of a node.
    fn recovered_node(&self, index: usize, step: &Step<'_>) -> Result<Option<RecoveredNode>, ServiceError> {
        let Some(source) = self.recovered_execution() else { return Ok(None) };
        let node = store::node_execution::find(step.transaction, source, &self.nodes[index].record.node_id)?;
        let Some(node) = node else { return Ok(None) };
        if matches!(node.closure.phase(), Phase::Succeeded | Phase::Recovered) {
            return Ok(node.outputs.map(RecoveredNode::Outputs));
        }
        let made = made_before(step, &node)?;
        Ok(made.map(|closure| RecoveredNode::Dynamic(closure, node.closure.dynamic_job_spec_uri)))
    }

    fn recover_outputs(
        &mut self,
        index: usize,
        outputs: LiteralMap,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_task_metadata(index, TaskNodeMetadata::default());
        self.succeed(index, outputs, Phase::Recovered, step)
    }

    /// Starts a queued node.
    pub(super) fn start_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].target.clone() {
            NodeTarget::Task(task) => self.start_attempt(index, &task, step),
            NodeTarget::LaunchPlan(plan, _) => self.start_child(index, plan, step),
            NodeTarget::Array(array) => self.start_array(index, &array, step),
            NodeTarget::SubWorkflow(_)
            | NodeTarget::Gate(_)
            | NodeTarget::Branch(_)
            | NodeTarget::Unsupported(_) => {
                unreachable!("only tasks and launch plans are queued")
            }
        }
    }

    /// Ends a node that is no longer wanted, or asks for its end.
    pub(super) fn stop_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if self.nodes[index].state == NodeState::Parent {
            return self.stop_parent(index, step);
        }
        match self.nodes[index].target {
            NodeTarget::Task(_) => self.stop_task(index, step),
            NodeTarget::LaunchPlan(..) => self.stop_child(index, step),
            NodeTarget::Array(_) => self.stop_array(index, step),
            NodeTarget::SubWorkflow(_)
            | NodeTarget::Gate(_)
            | NodeTarget::Branch(_)
            | NodeTarget::Unsupported(_) => self.abort(index, step),
        }
    }

    /// Finds out what became of an orphaned node.
    pub(super) fn recover_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].target.clone() {
            NodeTarget::Task(_) => self.recover_attempt(index, step),
            NodeTarget::Array(array) => self.recover_array(index, &array, step),
            NodeTarget::LaunchPlan(..) => self.recover_child(index, step),
            NodeTarget::SubWorkflow(_)
            | NodeTarget::Gate(_)
            | NodeTarget::Branch(_)
            | NodeTarget::Unsupported(_) => {
                unreachable!("only attempts and child executions are orphaned")
            }
        }
    }

    /// Ends a node with its outputs; the nodes that waited for it may begin.
    pub(in crate::engine) fn succeed(
        &mut self,
        index: usize,
        outputs: LiteralMap,
        phase: Phase,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let node = &mut self.nodes[index];
        if node.target.has_process() && !node.record.metadata.is_dynamic || !outputs.literals.is_empty() {
            node.record.closure.output_result =
                Some(address::node_outputs(&node.record.execution, &node.record.node_id));
        }
        node.record.outputs = Some(outputs);
        self.set_phase(index, phase, step);
        self.set_state(index, NodeState::Ended);
        let scope = self.nodes[index].scope;
        if self.scopes[scope].failure_node != Some(index) {
            self.scopes[scope].remaining -= 1;
        }
        for next in self.nodes[index].downstream.clone() {
            self.nodes[next].pending_upstream -= 1;
            if self.nodes[next].pending_upstream == 0 {
                self.make_ready(next);
            }
        }
        self.settle(scope, step)
    }

    /// Ends a node with an error. The first error of a scope is the one that the scope fails with.
    pub(in crate::engine) fn fail(
        &mut self,
        index: usize,
        error: ExecutionError,
        phase: Phase,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let node = &mut self.nodes[index];
        node.record.closure.output_result = Some(node_execution_closure::OutputResult::Error(error.clone()));
        let scope = node.scope;
        self.set_phase(index, phase, step);
        self.set_state(index, NodeState::Ended);
        if self.scopes[scope].state == ScopeState::Running {
            self.scopes[scope].state = ScopeState::Failing(NodeFailure { error });
            if scope == 0 {
                self.execution.closure.set_phase(ExecutionPhase::Failing);
                self.is_changed = true;
            }
            if self.scopes[scope].fails_at_once() {
                self.stop_nodes(scope, step)?;
            }
        }
        self.settle(scope, step)
    }

    /// Ends a node as aborted.
    pub(in crate::engine) fn abort(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let is_user_abort = self.execution.phase() == ExecutionPhase::Aborting;
        let text = if is_user_abort { USER_ABORT } else { FAILURE_ABORT };
        let closure = &mut self.nodes[index].record.closure;
        closure.output_result = Some(node_execution_closure::OutputResult::Error(node_aborted(text)));
        self.set_phase(index, Phase::Aborted, step);
        self.set_state(index, NodeState::Ended);
        self.settle(self.nodes[index].scope, step)
    }

    /// Ends a node as aborted with a text, and its scope with an error.
    pub(in crate::engine) fn abort_with(
        &mut self,
        index: usize,
        (text, error): (&str, ExecutionError),
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let scope = self.nodes[index].scope;
        if self.scopes[scope].state == ScopeState::Running {
            self.scopes[scope].state = ScopeState::Failing(NodeFailure { error });
            self.stop_nodes_but(scope, index, step)?;
        }
        let closure = &mut self.nodes[index].record.closure;
        closure.output_result = Some(node_execution_closure::OutputResult::Error(node_aborted(text)));
        self.set_phase(index, Phase::Aborted, step);
        self.set_state(index, NodeState::Ended);
        self.settle(scope, step)
    }

    /// Whether a node's result is no longer wanted.
    pub(in crate::engine) fn is_unwanted(&self, index: usize) -> bool {
        let scope = &self.scopes[self.nodes[index].scope];
        match scope.state {
            ScopeState::Stopping | ScopeState::Ended => true,
            ScopeState::Failing(_) => scope.fails_at_once(),
            ScopeState::Running | ScopeState::CleaningUp(_) => false,
        }
    }
}
