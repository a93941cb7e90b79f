//! One workflow at work.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::{
    ExecutionError, LiteralMap, WorkflowTemplate, workflow_metadata::OnFailurePolicy,
};

/// A workflow at work: the execution's own, or that of a sub-workflow node.
pub(crate) struct Scope {
    pub(crate) workflow: Arc<WorkflowTemplate>,
    /// What the ids of its nodes begin with: nothing, or `n0-0-`.
    pub(crate) prefix: String,
    /// The node that it is the workflow of.
    pub(crate) parent: Option<usize>,
    pub(crate) inputs: LiteralMap,
    /// Nodes by their ids in the workflow.
    pub(crate) nodes: HashMap<String, usize>,
    pub(crate) failure_node: Option<usize>,
    /// How many nodes are ready or begun, and not over.
    pub(crate) active: usize,
    /// How many nodes have not succeeded yet.
    pub(crate) unfinished: usize,
    pub(crate) state: State,
}

/// How it is with a scope.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Going,
    /// A node failed; others may still be at work.
    Failing(NodeFailure),
    /// The failure node is at work.
    Cleaning(NodeFailure),
    /// It is no longer wanted, but nodes are still at work.
    Stopping,
    Over,
}

/// The failure that a scope fails with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeFailure {
    /// The node's id in the execution.
    pub(crate) node: String,
    pub(crate) error: ExecutionError,
}

impl Scope {
    /// Whether a failed node ends the others.
    pub(crate) fn fails_at_once(&self) -> bool {
        let policy = self.workflow.metadata.as_ref().map(|metadata| metadata.on_failure());
        policy.unwrap_or_default() == OnFailurePolicy::FailImmediately
    }

    /// Of nodes below another one, the number of that one's attempt; sub-workflows have one only.
    pub(crate) fn retry_group(&self) -> &'static str {
        if self.parent.is_some() { "0" } else { "" }
    }

    /// Whether further nodes may begin.
    pub(crate) fn begins_nodes(&self) -> bool {
        match self.state {
            State::Going | State::Cleaning(_) => true,
            State::Failing(_) => !self.fails_at_once(),
            State::Stopping | State::Over => false,
        }
    }
}
