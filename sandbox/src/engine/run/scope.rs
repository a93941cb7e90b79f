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
//! The end of a scope is that of its node, or of the execution. `settle.rs` makes the transitions.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::{
    ExecutionError, LiteralMap, WorkflowTemplate, workflow_metadata::OnFailurePolicy,
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
    /// How many nodes are open ([`NodeState::is_open`](crate::engine::node::NodeState::is_open)).
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
