//! The transitions of nodes: how they begin, start, stop and end, whatever they run.

use flyte_client::proto::{
    admin::node_execution_closure,
    core::{
        self, ExecutionError, LiteralMap, execution_error::ErrorKind, node_execution::Phase,
        workflow_execution::Phase as ExecutionPhase,
    },
};

use super::{
    Run, ScopeOutputs, execution_error,
    scope::{NodeFailure, ScopeState},
    step::Step,
};
use crate::{
    engine::{binding, node::NodeState, program::NodeTarget},
    service_error::ServiceError,
    store::{self, time},
};

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
            Phase::Queued => {}
            Phase::Running => {
                closure.started_at.get_or_insert(now);
            }
            _ => {
                let started = *closure.started_at.get_or_insert(now);
                closure.duration = Some(time::since(&started, step.now));
            }
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
        if let Some(outputs) = self.recovered_outputs(index, step)? {
            return self.succeed(index, outputs, Phase::Recovered, step);
        }
        match self.nodes[index].target.clone() {
            NodeTarget::Task(_) => self.look_up_cache(index, step),
            NodeTarget::SubWorkflow(workflow) => self.begin_sub_workflow(index, workflow, step),
            NodeTarget::LaunchPlan(..) => {
                self.set_state(index, NodeState::Queued);
                Ok(())
            }
            NodeTarget::Gate(gate) => self.begin_gate(index, &gate, step),
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
        let error =
            core::Error { failed_node_id: failure.node.clone(), message: failure.error.message.clone() };
        for (name, variable) in node.target.inputs().iter().flat_map(|map| &map.variables) {
            if let Some(value) = variable.r#type.as_ref().and_then(|wanted| binding::error(wanted, &error)) {
                values.literals.insert(name.clone(), value);
            }
        }
    }

    /// The node's outputs in the execution that this one recovers.
    fn recovered_outputs(&self, index: usize, step: &Step<'_>) -> Result<Option<LiteralMap>, ServiceError> {
        let Some(source) = self.recovered_execution() else { return Ok(None) };
        let node = store::node_execution::find(step.transaction, source, &self.nodes[index].record.node_id)?;
        Ok(node
            .filter(|node| matches!(node.closure.phase(), Phase::Succeeded | Phase::Recovered))
            .and_then(|node| node.outputs))
    }

    /// Starts a queued node.
    pub(super) fn start_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].target.clone() {
            NodeTarget::Task(task) => self.start_attempt(index, &task, step),
            NodeTarget::LaunchPlan(plan, _) => self.start_child(index, plan, step),
            NodeTarget::SubWorkflow(_) | NodeTarget::Gate(_) | NodeTarget::Unsupported(_) => {
                unreachable!("only tasks and launch plans are queued")
            }
        }
    }

    /// Ends a node that is no longer wanted, or asks for its end.
    pub(super) fn stop_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].target {
            NodeTarget::Task(_) => self.stop_task(index, step),
            NodeTarget::SubWorkflow(_) => self.stop_sub_workflow(index, step),
            NodeTarget::LaunchPlan(..) => self.stop_child(index, step),
            NodeTarget::Gate(_) | NodeTarget::Unsupported(_) => self.abort(index, step),
        }
    }

    /// Finds out what became of an orphaned node.
    pub(super) fn recover_node(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].target {
            NodeTarget::Task(_) => self.recover_attempt(index, step),
            NodeTarget::LaunchPlan(..) => self.recover_child(index, step),
            NodeTarget::SubWorkflow(_) | NodeTarget::Gate(_) | NodeTarget::Unsupported(_) => {
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
        self.nodes[index].record.outputs = Some(outputs);
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
        mut error: ExecutionError,
        phase: Phase,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        error.timestamp.get_or_insert(time::to_message(step.now));
        let node = &mut self.nodes[index];
        node.record.closure.output_result = Some(node_execution_closure::OutputResult::Error(error.clone()));
        let (scope, id) = (node.scope, node.record.node_id.clone());
        self.set_phase(index, phase, step);
        self.set_state(index, NodeState::Ended);
        if self.scopes[scope].state == ScopeState::Running {
            self.scopes[scope].state = ScopeState::Failing(NodeFailure { node: id, error });
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
        let text =
            if is_user_abort { "Workflow aborted." } else { "Some node execution failed, auto-abort." };
        let error =
            ExecutionError { code: "NodeAborted".to_owned(), message: text.to_owned(), ..Default::default() };
        let closure = &mut self.nodes[index].record.closure;
        closure.output_result = Some(node_execution_closure::OutputResult::Error(error));
        self.set_phase(index, Phase::Aborted, step);
        self.set_state(index, NodeState::Ended);
        self.settle(self.nodes[index].scope, step)
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
