//! Scopes: a running workflow, the execution's own or that of a node; or the chosen node of a branch.
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
//! The end of a scope is that of its node, or of the execution. `settle.rs` makes the transitions.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::{
    ExecutionError, LiteralMap, WorkflowTemplate, workflow_metadata::OnFailurePolicy,
};

use crate::engine::{node::Node, program::Program};

/// A running workflow.
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    /// Where its nodes find what they refer to.
    pub(super) program: Arc<Program>,
    pub(super) workflow: Arc<WorkflowTemplate>,
    /// What the ids of its nodes begin with: nothing, or `n0-0-`.
    pub(super) prefix: String,
    /// The attempt of the parent node that its nodes belong to; empty at the top.
    pub(super) retry_group: String,
    /// The index of the node whose workflow it is.
    pub(super) parent: Option<usize>,
    pub(super) inputs: LiteralMap,
    /// Node indices by their ids in the workflow.
    pub(super) nodes: HashMap<String, usize>,
    pub(super) failure_node: Option<usize>,
    /// How many nodes are open ([`NodeState::is_open`](crate::engine::node::NodeState::is_open)).
    pub(super) running: usize,
    /// How many nodes have not succeeded yet.
    pub(super) remaining: usize,
    pub(super) state: ScopeState,
}

/// What a scope runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    /// A workflow, between `start-node` and `end-node`.
    Workflow,
    /// A workflow that a dynamic node made, likewise.
    Dynamic,
    /// One node of a branch. It sees the outputs of the scope around it, and has its outputs.
    Branch,
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
    pub(super) error: ExecutionError,
}

impl Scope {
    /// The scope of an execution.
    pub(super) fn top(program: Arc<Program>, inputs: LiteralMap) -> Self {
        let workflow = Arc::clone(&program.primary);
        Self::new(ScopeKind::Workflow, program, workflow, None, inputs)
    }

    /// The scope of a node.
    pub(super) fn below(
        (parent, node): (usize, &Node),
        kind: ScopeKind,
        program: Arc<Program>,
        workflow: Arc<WorkflowTemplate>,
    ) -> Self {
        let attempt = node.attempts.last().map_or(0, |attempt| attempt.attempt);
        let record = &node.record;
        Self {
            prefix: format!("{}-{attempt}-", record.node_id),
            retry_group: attempt.to_string(),
            ..Self::new(kind, program, workflow, Some(parent), record.inputs.clone())
        }
    }

    fn new(
        kind: ScopeKind,
        program: Arc<Program>,
        workflow: Arc<WorkflowTemplate>,
        parent: Option<usize>,
        inputs: LiteralMap,
    ) -> Self {
        Self {
            kind,
            program,
            workflow,
            prefix: String::new(),
            retry_group: String::new(),
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
