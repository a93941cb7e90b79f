//! How nodes, scopes and the execution end.

use flyte_client::proto::{
    admin::{execution_closure, node_execution_closure},
    core::{
        ExecutionError, LiteralMap, execution_error::ErrorKind, node_execution::Phase,
        workflow_execution::Phase as ExecutionPhase,
    },
};

use super::{Run, State, View, execution_error, scope::NodeFailure};
use crate::{
    engine::{binding, node as kind, program::END, step::Step},
    service_error::ServiceError,
    store::time,
};

impl Run {
    /// Moves a node to a phase.
    pub(in crate::engine) fn enter(&mut self, index: usize, phase: Phase, step: &Step<'_>) {
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
        self.touched.insert(index);
    }

    /// Says that a stored value of a node changed.
    pub(in crate::engine) fn touch(&mut self, index: usize) {
        self.touched.insert(index);
    }

    /// A node gave its outputs.
    pub(in crate::engine) fn succeed(
        &mut self,
        index: usize,
        outputs: LiteralMap,
        phase: Phase,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.nodes[index].record.outputs = Some(outputs);
        self.enter(index, phase, step);
        let scope = self.nodes[index].scope;
        self.scopes[scope].active -= 1;
        if self.scopes[scope].failure_node != Some(index) {
            self.scopes[scope].unfinished -= 1;
        }
        for next in self.nodes[index].downstream.clone() {
            self.nodes[next].waits_for -= 1;
            if self.nodes[next].waits_for == 0 {
                self.activate(next);
            }
        }
        self.settle(scope, step)
    }

    /// A node failed for good.
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
        self.enter(index, phase, step);
        self.scopes[scope].active -= 1;
        if self.scopes[scope].state == State::Going {
            self.scopes[scope].state = State::Failing(NodeFailure { node: id, error });
            if scope == 0 {
                self.execution.closure.set_phase(ExecutionPhase::Failing);
                self.is_touched = true;
            }
            if self.scopes[scope].fails_at_once() {
                self.end_others(scope, step)?;
            }
        }
        self.settle(scope, step)
    }

    /// A node was ended before it was done.
    pub(in crate::engine) fn aborted(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let is_wanted_so = self.execution.phase() == ExecutionPhase::Aborting;
        let text = if is_wanted_so { "Workflow aborted." } else { "Some node execution failed, auto-abort." };
        let error =
            ExecutionError { code: "NodeAborted".to_owned(), message: text.to_owned(), ..Default::default() };
        let closure = &mut self.nodes[index].record.closure;
        closure.output_result = Some(node_execution_closure::OutputResult::Error(error));
        self.enter(index, Phase::Aborted, step);
        let scope = self.nodes[index].scope;
        self.scopes[scope].active -= 1;
        self.settle(scope, step)
    }

    /// A node may begin.
    pub(super) fn activate(&mut self, index: usize) {
        let scope = &mut self.scopes[self.nodes[index].scope];
        if scope.begins_nodes() {
            scope.active += 1;
            self.ready.push_back(index);
        }
    }

    /// Whether a node's work is no longer wanted.
    pub(in crate::engine) fn is_unwanted(&self, index: usize) -> bool {
        let scope = &self.scopes[self.nodes[index].scope];
        match scope.state {
            State::Stopping | State::Over => true,
            State::Failing(_) => scope.fails_at_once(),
            State::Going | State::Cleaning(_) => false,
        }
    }

    /// Ends a scope's work; it is over when its nodes are.
    pub(in crate::engine) fn halt(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if self.scopes[scope].state == State::Over {
            return Ok(());
        }
        self.scopes[scope].state = State::Stopping;
        self.end_others(scope, step)?;
        self.settle(scope, step)
    }

    /// Ends all active nodes of a scope.
    fn end_others(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let in_scope = |run: &Self, index: usize| run.nodes[index].scope == scope;
        let before = self.ready.len();
        self.ready = self.ready.iter().copied().filter(|&index| !in_scope(self, index)).collect();
        self.scopes[scope].active -= before - self.ready.len();
        self.queued = self.queued.iter().copied().filter(|&index| !in_scope(self, index)).collect();
        self.waiting = self.waiting.iter().copied().filter(|&index| !in_scope(self, index)).collect();
        let mut nodes: Vec<usize> = self.scopes[scope].nodes.values().copied().collect();
        nodes.extend(self.scopes[scope].failure_node);
        nodes.sort_unstable();
        for index in nodes {
            // A node that never was more than ready is as if it had not been.
            if self.nodes[index].is_active() {
                kind::stop(self, index, step)?;
            }
        }
        Ok(())
    }

    /// Ends a scope that has nothing more to do.
    pub(in crate::engine) fn settle(
        &mut self,
        scope: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if self.scopes[scope].active > 0 {
            return Ok(());
        }
        match self.scopes[scope].state.clone() {
            State::Over => Ok(()),
            State::Going if self.scopes[scope].unfinished > 0 => {
                let waits: Vec<_> = self.scopes[scope]
                    .nodes
                    .iter()
                    .filter(|&(_, &index)| !self.nodes[index].has_succeeded())
                    .map(|(id, _)| format!("`{id}`"))
                    .collect();
                let text = format!("nothing is left that could start {}", waits.join(", "));
                self.scope_failed(scope, execution_error("Stuck", text, ErrorKind::System), step)
            }
            State::Going => self.scope_succeeded(scope, step),
            State::Failing(failure) => match self.scopes[scope].failure_node {
                Some(node) => {
                    self.scopes[scope].state = State::Cleaning(failure);
                    self.activate(node);
                    Ok(())
                }
                None => self.scope_failed(scope, failure.error, step),
            },
            State::Cleaning(failure) => self.scope_failed(scope, failure.error, step),
            State::Stopping => {
                self.scopes[scope].state = State::Over;
                match self.scopes[scope].parent {
                    Some(node) => self.aborted(node, step),
                    None => {
                        self.finish(ExecutionPhase::Aborted, step);
                        Ok(())
                    }
                }
            }
        }
    }

    fn scope_succeeded(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let workflow = self.scopes[scope].workflow.clone();
        let declared = workflow.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
        match binding::resolve(&workflow.outputs, declared, &View { run: self, scope }) {
            Ok(outputs) => {
                self.scopes[scope].state = State::Over;
                self.add_marker(scope, END, &outputs, step)?;
                match self.scopes[scope].parent {
                    Some(node) => self.succeed(node, outputs, Phase::Succeeded, step),
                    None => {
                        self.execution.outputs = Some(outputs);
                        self.finish(ExecutionPhase::Succeeded, step);
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

    fn scope_failed(
        &mut self,
        scope: usize,
        error: ExecutionError,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.scopes[scope].state = State::Over;
        match self.scopes[scope].parent {
            Some(node) => self.fail(node, error, Phase::Failed, step),
            None => {
                self.execution.closure.output_result = Some(execution_closure::OutputResult::Error(error));
                self.finish(ExecutionPhase::Failed, step);
                Ok(())
            }
        }
    }

    /// The execution is over.
    fn finish(&mut self, phase: ExecutionPhase, step: &mut Step<'_>) {
        let closure = &mut self.execution.closure;
        closure.set_phase(phase);
        let started = *closure.started_at.get_or_insert(time::to_message(step.now));
        closure.duration = Some(time::since(&started, step.now));
        self.is_touched = true;
        self.is_over = true;
        step.after.over.push(self.execution.row);
    }
}
