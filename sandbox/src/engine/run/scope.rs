//! Scopes: a running workflow, the execution's own or that of a sub-workflow node.
//!
//! ```text
//!                       all nodes succeeded
//!    Running ──────────────────────────────────────────────► Ended
//!       │ │                                                   ▲
//!       │ └─ a node failed ─► Failing ── no open nodes ───────┤
//!       │                        │       (no failure node)    │
//!       │                        └────── no open nodes ──► CleaningUp
//!       │                                (failure node)       │
//!       └─ the execution is aborted (from any state) ──► Stopping ── no open nodes ──► Ended
//! ```
//!
//! The end of a scope is that of its node, or of the execution.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::{
    admin::execution_closure,
    core::{
        ExecutionError, LiteralMap, WorkflowTemplate, execution_error::ErrorKind, node_execution::Phase,
        workflow_execution::Phase as ExecutionPhase, workflow_metadata::OnFailurePolicy,
    },
};

use super::{Run, ScopeOutputs, Step, execution_error};
use crate::{
    engine::{binding, node::NodeState, program::END},
    service_error::ServiceError,
    store::time,
};

/// A running workflow.
pub(super) struct Scope {
    pub(super) workflow: Arc<WorkflowTemplate>,
    /// What the ids of its nodes begin with: nothing, or `n0-0-`.
    pub(super) prefix: String,
    /// The index of the sub-workflow node.
    pub(super) parent: Option<usize>,
    pub(super) inputs: LiteralMap,
    /// Node indices by their ids in the workflow.
    pub(super) nodes: HashMap<String, usize>,
    pub(super) failure_node: Option<usize>,
    /// How many nodes are open ([`NodeState::is_open`]).
    pub(super) running: usize,
    /// How many nodes have not succeeded yet.
    pub(super) remaining: usize,
    pub(super) state: ScopeState,
}

/// The state of a scope. The transitions are in the [module docs](self).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ScopeState {
    Running,
    /// A node failed; others may still be running.
    Failing(NodeFailure),
    /// The failure node is running.
    CleaningUp(NodeFailure),
    /// Its nodes are being ended.
    Stopping,
    Ended,
}

/// The failure that a scope fails with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NodeFailure {
    /// The node's id in the execution.
    pub(super) node: String,
    pub(super) error: ExecutionError,
}

impl Scope {
    pub(super) fn new(
        workflow: Arc<WorkflowTemplate>,
        prefix: String,
        parent: Option<usize>,
        inputs: LiteralMap,
    ) -> Self {
        Self {
            workflow,
            prefix,
            parent,
            inputs,
            nodes: HashMap::new(),
            failure_node: None,
            running: 0,
            remaining: 0,
            state: ScopeState::Running,
        }
    }

    /// Whether a failed node ends the others.
    pub(super) fn fails_at_once(&self) -> bool {
        let policy = self.workflow.metadata.as_ref().map(|metadata| metadata.on_failure());
        policy.unwrap_or_default() == OnFailurePolicy::FailImmediately
    }

    /// The attempt of the parent node that its nodes belong to; a sub-workflow has one attempt only.
    pub(super) fn retry_group(&self) -> &'static str {
        if self.parent.is_some() { "0" } else { "" }
    }

    /// Whether further nodes may begin.
    pub(super) fn begins_nodes(&self) -> bool {
        match self.state {
            ScopeState::Running | ScopeState::CleaningUp(_) => true,
            ScopeState::Failing(_) => !self.fails_at_once(),
            ScopeState::Stopping | ScopeState::Ended => false,
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.state, ScopeState::Stopping | ScopeState::Ended)
    }
}

impl Run {
    /// Begins the workflow of a sub-workflow node.
    pub(super) fn begin_sub_workflow(
        &mut self,
        index: usize,
        workflow: Arc<WorkflowTemplate>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::Running);
        let scope = self.open_sub_workflow(index, workflow, step)?;
        self.nodes[index].sub_scope = Some(scope);
        // A workflow without nodes ends at once.
        self.settle(scope, step)
    }

    pub(super) fn stop_sub_workflow(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
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
        let indices = self.scopes[scope].nodes.values().copied().chain(self.scopes[scope].failure_node);
        let mut open: Vec<usize> = indices.filter(|&index| self.nodes[index].state.is_open()).collect();
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
    pub(super) fn settle(&mut self, scope: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
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
            ScopeState::CleaningUp(failure) => self.scope_failed(scope, failure.error, step),
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
        let workflow = Arc::clone(&self.scopes[scope].workflow);
        let declared = workflow.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
        match binding::resolve(&workflow.outputs, declared, &ScopeOutputs { run: self, scope }) {
            Ok(outputs) => {
                self.scopes[scope].state = ScopeState::Ended;
                self.add_marker(scope, END, &outputs, step)?;
                match self.scopes[scope].parent {
                    Some(node) => self.succeed(node, outputs, Phase::Succeeded, step),
                    None => {
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

    fn scope_failed(
        &mut self,
        scope: usize,
        error: ExecutionError,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
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
