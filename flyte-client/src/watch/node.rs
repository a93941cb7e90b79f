//! A node of an execution, with what a follower shows of it.

use super::{
    attempt::AttemptFailure,
    cache::{Cache, Reused},
    elements::Elements,
    gate::Gate,
};
use crate::proto::{
    admin::{
        NodeExecution, NodeExecutionClosure, TaskExecution,
        node_execution_closure::{OutputResult, TargetMetadata},
        task_execution_closure::OutputResult as AttemptResult,
    },
    core::{ExecutionError, NodeExecutionIdentifier, WorkflowExecutionIdentifier, node_execution::Phase},
};

/// A node of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name within the execution, such as `n0` or, within a node, `n0-0-n1`.
    pub id: String,
    /// Its id in its workflow: `n1` of `n0-0-n1`.
    pub spec_id: String,
    /// The name that the console shows, if the workflow was read ([`Specs`](super::Specs)).
    pub name: Option<String>,
    /// The node that it is within; empty for those of the workflow itself.
    pub parent: String,
    /// How deep it is within others.
    pub depth: usize,
    /// Where it is.
    pub phase: Phase,
    /// What the cache had to say.
    pub cache: Cache,
    /// Where its outputs come from, if the cache had them.
    pub reused: Option<Reused>,
    /// The version of the task that it runs, where the workflow says it.
    pub task_version: Option<String>,
    /// The attempt that it is at, from 1; 0 when none was made.
    pub attempt: u32,
    /// The execution that a launch-plan node started.
    pub child: Option<WorkflowExecutionIdentifier>,
    /// When its phase began, by the server's clock.
    pub phase_since: Option<prost_types::Timestamp>,
    /// When it started.
    pub started_at: Option<prost_types::Timestamp>,
    /// How long it took, once it is done.
    pub duration: Option<prost_types::Duration>,
    /// Why it failed.
    pub error: Option<ExecutionError>,
    /// Why the last attempt failed. A node may have no error of its own where its task made a deck.
    pub attempt_error: Option<ExecutionError>,
    /// Why the last attempt does not run.
    pub reason: Option<AttemptFailure>,
    /// The elements, if it runs a map task.
    pub elements: Option<Elements>,
    /// What it waits for, if it is a gate.
    pub gate: Option<Gate>,
    /// Whether it runs because another node failed.
    pub is_handler: bool,
    /// Whether it runs a map task.
    pub is_array: bool,
    pub(super) is_dynamic: bool,
    pub(super) is_parent: bool,
    is_task: bool,
}

/// When the phase of a node began. FlyteAdmin stores no such time: a node is queued when it is made, runs
/// from `started_at` on, and is updated when it enters another phase.
fn phase_since(closure: &NodeExecutionClosure) -> Option<prost_types::Timestamp> {
    match closure.phase() {
        Phase::Undefined | Phase::Queued => closure.created_at,
        Phase::Running | Phase::DynamicRunning => closure.started_at.or(closure.updated_at),
        _ => closure.updated_at,
    }
}

/// Whether nothing comes after a phase of a node.
#[must_use]
pub fn is_node_done(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Succeeded
            | Phase::Failed
            | Phase::Aborted
            | Phase::Skipped
            | Phase::TimedOut
            | Phase::Recovered
    )
}

/// What the compiler adds to every workflow; no user wrote it.
const ADDED: [&str; 2] = ["start-node", "end-node"];

impl Node {
    /// A node as the server tells it; `None` for those that the compiler added.
    #[must_use]
    pub fn new(node: NodeExecution, parent: &str, depth: usize) -> Option<Self> {
        let id = node.id.unwrap_or_default().node_id;
        let metadata = node.metadata.unwrap_or_default();
        let spec_id = if metadata.spec_node_id.is_empty() { id.clone() } else { metadata.spec_node_id };
        if ADDED.contains(&spec_id.as_str()) {
            return None;
        }
        let closure = node.closure.unwrap_or_default();
        let phase = closure.phase();
        let phase_since = phase_since(&closure);
        let mut reused = None;
        let (cache, child, is_task) = match closure.target_metadata {
            Some(TargetMetadata::TaskNodeMetadata(task)) => {
                let cache = task.cache_status().into();
                reused = task.catalog_key.filter(|_| cache == Cache::Hit).and_then(Reused::new);
                (cache, None, true)
            }
            Some(TargetMetadata::WorkflowNodeMetadata(workflow)) => {
                (Cache::Unused, workflow.execution_id, false)
            }
            None => (Cache::Unused, None, !metadata.is_parent_node),
        };
        Some(Self {
            id,
            spec_id,
            name: None,
            parent: parent.to_owned(),
            depth,
            phase,
            cache,
            reused,
            task_version: None,
            attempt: 0,
            child,
            phase_since,
            started_at: closure.started_at,
            duration: closure.duration,
            error: match closure.output_result {
                Some(OutputResult::Error(error)) => Some(error),
                _ => None,
            },
            attempt_error: None,
            reason: None,
            elements: None,
            gate: None,
            is_handler: false,
            is_array: metadata.is_array,
            is_dynamic: metadata.is_dynamic,
            is_parent: metadata.is_parent_node,
            is_task,
        })
    }

    /// The node's key.
    #[must_use]
    pub fn key(&self, execution: &WorkflowExecutionIdentifier) -> NodeExecutionIdentifier {
        NodeExecutionIdentifier { node_id: self.id.clone(), execution_id: Some(execution.clone()) }
    }

    /// Who stored its outputs, if that was another version of its task. The cache asks for the task's name
    /// and cache version only, so an edited task may get what it would not give any more.
    #[must_use]
    pub fn reused_from_other_version(&self) -> Option<&Reused> {
        let own = self.task_version.as_ref().filter(|version| !version.is_empty())?;
        self.reused.as_ref().filter(|reused| !reused.task_version.is_empty() && reused.task_version != *own)
    }

    /// Whether tasks may have been tried for it.
    #[must_use]
    pub fn has_attempts(&self) -> bool {
        self.is_task
            && !self.is_parent
            && self.gate.is_none()
            && !matches!(self.phase, Phase::Undefined | Phase::Queued | Phase::Skipped)
    }

    /// Takes in the attempts at the node's task.
    pub fn take_attempts(&mut self, attempts: &[TaskExecution]) {
        let number = |attempt: &TaskExecution| attempt.id.as_ref().map_or(0, |id| id.retry_attempt);
        let Some(last) = attempts.iter().max_by_key(|attempt| number(attempt)) else { return };
        self.attempt = number(last) + 1;
        let Some(closure) = &last.closure else { return };
        self.elements = Elements::new(closure);
        let is_current = !is_node_done(self.phase) || closure.started_at.is_none();
        self.reason = AttemptFailure::new(closure).filter(|_| is_current);
        self.attempt_error = match &closure.output_result {
            Some(AttemptResult::Error(error)) => Some(error.clone()),
            _ => None,
        };
    }

    /// Keeps what is not asked for at each look.
    pub(super) fn keep(&mut self, before: &Self) {
        self.attempt = before.attempt;
        self.attempt_error.clone_from(&before.attempt_error);
        self.elements.clone_from(&before.elements);
        if self.phase == before.phase {
            self.reason.clone_from(&before.reason);
            self.error.clone_from(&before.error);
        }
    }

    /// Whether a change is worth reporting.
    pub(super) fn differs(&self, before: &Self) -> bool {
        let seen = |node: &Self| (node.phase, node.cache, node.attempt);
        seen(self) != seen(before) || self.elements != before.elements
    }
}
