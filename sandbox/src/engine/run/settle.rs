//! How the scopes of a run begin, stop and end.

use std::sync::Arc;

use flyte_client::proto::{
    admin::execution_closure,
    core::{
        ExecutionError, LiteralMap, WorkflowTemplate, execution_error::ErrorKind, node_execution::Phase,
        workflow_execution::Phase as ExecutionPhase,
    },
};

use super::{
    Run, ScopeOutputs,
    scope::{ScopeKind, ScopeState},
    step::Step,
};
use crate::{
    compile::END,
    engine::{address, binding, node::NodeState, node_error::execution_error},
    service_error::ServiceError,
    store::time,
};

impl Run {
    /// Begins the workflow of a sub-workflow node.
    pub(super) fn begin_sub_workflow(
        &mut self,
        index: usize,
        workflow: Arc<WorkflowTemplate>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::Parent);
        let scope = self.open_sub_workflow(index, workflow, step)?;
        self.nodes[index].sub_scope = Some(scope);
        // A workflow without nodes ends at once.
        self.settle(scope, step)
    }

    /// Stops the nodes of a node; it ends with them.
    pub(super) fn stop_parent(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.nodes[index].sub_scope {
            Some(scope) => self.stop_scope(scope, step),
            None => self.abort(index, step),
        }
    }

    /// Asks for the end of a scope's nodes; the scope ends with the last of them.
    pub(super) fn stop_scope(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if self.scopes[scope].state == ScopeState::Ended {
            return Ok(());
        }
        self.scopes[scope].state = ScopeState::Stopping;
        self.stop_nodes(scope, step)?;
        self.settle(scope, step)
    }

    /// Ends all open nodes of a scope.
    pub(super) fn stop_nodes(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.stop_nodes_but(scope, usize::MAX, step)
    }

    /// Ends all open nodes of a scope but one.
    pub(super) fn stop_nodes_but(
        &mut self,
        scope: usize,
        but: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let indices = self.scopes[scope].nodes.values().copied().chain(self.scopes[scope].failure_node);
        let mut open: Vec<usize> =
            indices.filter(|&index| index != but && self.nodes[index].state.is_open()).collect();
        open.sort_unstable();
        for index in open {
            match self.nodes[index].state {
                // Nothing of it is stored: it is as if it had never been ready.
                NodeState::Ready if self.nodes[index].phase() == Phase::Undefined => {
                    self.set_state(index, NodeState::Waiting);
                }
                NodeState::Waiting | NodeState::Ended => {}
                _ => self.stop_node(index, step)?,
            }
        }
        Ok(())
    }

    /// Ends a scope, or begins its failure node, once none of its nodes is open.
    pub(in crate::engine) fn settle(
        &mut self,
        scope: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if self.scopes[scope].running > 0 {
            return Ok(());
        }
        match self.scopes[scope].state.clone() {
            ScopeState::Ended => Ok(()),
            ScopeState::Running if self.scopes[scope].remaining > 0 => {
                let error = self.stuck(scope);
                self.scope_failed(scope, error, step)
            }
            ScopeState::Running => self.scope_succeeded(scope, step),
            ScopeState::Failing(failure) => match self.scopes[scope].failure_node {
                Some(node) => {
                    self.scopes[scope].state = ScopeState::CleaningUp(failure);
                    self.make_ready(node);
                    Ok(())
                }
                None => self.scope_failed(scope, failure.error, step),
            },
            ScopeState::CleaningUp(failure) => {
                // The error of a failure node that fails itself replaces the first one.
                let failed =
                    self.scopes[scope].failure_node.and_then(|node| self.nodes[node].error().cloned());
                self.scope_failed(scope, failed.unwrap_or(failure.error), step)
            }
            ScopeState::Stopping => self.scope_aborted(scope, step),
        }
    }

    /// The error of a scope whose remaining nodes wait for nodes that do not exist.
    fn stuck(&self, scope: usize) -> ExecutionError {
        let nodes = self.scopes[scope].nodes.iter();
        let waiting: Vec<_> = nodes
            .filter(|&(_, &index)| !self.nodes[index].has_succeeded())
            .map(|(id, _)| format!("`{id}`"))
            .collect();
        let text = format!("nothing is left that could start {}", waiting.join(", "));
        execution_error("Stuck", text, ErrorKind::System)
    }

    fn scope_succeeded(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if self.scopes[scope].kind == ScopeKind::Branch {
            return self.branch_succeeded(scope, step);
        }
        let workflow = Arc::clone(&self.scopes[scope].workflow);
        let declared = workflow.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
        match binding::resolve(&workflow.outputs, declared, &ScopeOutputs { run: self, scope }) {
            Ok(outputs) => {
                self.scopes[scope].state = ScopeState::Ended;
                self.add_marker(scope, END, (Phase::Succeeded, &outputs), step)?;
                match self.scopes[scope].parent {
                    Some(node) if self.scopes[scope].kind == ScopeKind::Dynamic => {
                        self.dynamic_succeeded(node, outputs, step)
                    }
                    Some(node) => self.succeed(node, outputs, Phase::Succeeded, step),
                    None => {
                        self.execution.closure.output_result =
                            Some(address::execution_outputs(&self.execution.id));
                        self.execution.outputs = Some(outputs);
                        self.end_execution(ExecutionPhase::Succeeded, step);
                        Ok(())
                    }
                }
            }
            Err(error) => {
                let error = execution_error("BindingFailed", error.to_string(), ErrorKind::User);
                self.scope_failed(scope, error, step)
            }
        }
    }

    /// Ends a branch with the outputs of the node that it chose.
    fn branch_succeeded(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.scopes[scope].state = ScopeState::Ended;
        let chosen = self.scopes[scope].nodes.values().next().copied();
        let outputs = chosen.and_then(|chosen| self.nodes[chosen].record.outputs.clone());
        match self.scopes[scope].parent {
            Some(branch) => self.succeed(branch, outputs.unwrap_or_default(), Phase::Succeeded, step),
            None => Ok(()),
        }
    }

    fn scope_failed(
        &mut self,
        scope: usize,
        error: ExecutionError,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.skip_waiting(scope, step)?;
        self.scopes[scope].state = ScopeState::Ended;
        match self.scopes[scope].parent {
            Some(node) => self.fail(node, error, Phase::Failed, step),
            None => {
                self.execution.closure.output_result = Some(execution_closure::OutputResult::Error(error));
                self.end_execution(ExecutionPhase::Failed, step);
                Ok(())
            }
        }
    }

    /// Records the nodes after a failed one, where the others were run to their end.
    fn skip_waiting(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if self.scopes[scope].fails_at_once() || self.scopes[scope].kind == ScopeKind::Branch {
            return Ok(());
        }
        let mut waiting: Vec<usize> = self.scopes[scope].nodes.values().copied().collect();
        waiting.retain(|&index| self.nodes[index].state == NodeState::Waiting);
        waiting.sort_unstable();
        for index in waiting {
            self.set_phase(index, Phase::Skipped, step);
            self.set_state(index, NodeState::Ended);
        }
        self.add_marker(scope, END, (Phase::Skipped, &LiteralMap::default()), step)
    }

    fn scope_aborted(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.scopes[scope].state = ScopeState::Ended;
        match self.scopes[scope].parent {
            Some(node) => self.abort(node, step),
            None => {
                self.end_execution(ExecutionPhase::Aborted, step);
                Ok(())
            }
        }
    }

    fn end_execution(&mut self, phase: ExecutionPhase, step: &mut Step<'_>) {
        let closure = &mut self.execution.closure;
        closure.set_phase(phase);
        let started = *closure.started_at.get_or_insert(time::to_message(step.now));
        closure.duration = Some(time::since(&started, step.now));
        self.is_changed = true;
        self.has_ended = true;
        step.effects.ended.push(self.execution.row);
    }
}
