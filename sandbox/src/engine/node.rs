//! One node of an open execution, and its states.
//!
//! ```text
//!              upstream nodes                 an equal task
//!              have succeeded                 is running
//!    Waiting ──────────────────► Ready ─────────────────────► AwaitingCache
//!       ▲                        │ │ │                            │  │
//!       └── the scope stops ─────┘ │ │  task, launch plan         │  │ cached result
//!                                  │ └──────────────► Queued ◄────┘  │
//!       sub-workflow, branch: Parent                  ▲    │         │
//!              gate: AtGate        │            retry │    │ a slot  │
//!                                  │                  │    ▼ is free │
//!                                  │                 Running ◄────┐  │
//!                                  │                  │           │  │
//!                                  └──► Ended ◄───────┘           │  │
//!                                         ▲  ▲                    │  │
//!                         AtGate, Parent ─┘  └────────────────────┼──┘
//!                                                                 │
//!    Orphaned ── an attempt: its record decides (Queued, Parent, Ended)
//!             ── an execution that is still open ─────────────────┘
//! ```
//!
//! [`NodeState`] is where the engine keeps a node in memory; Flyte's phase is what is stored
//! ([`Node::phase`]). After a restart `run/load.rs` finds the state from the phase and the attempts: a node
//! whose attempt or child execution was running is `Orphaned` until it is known how that ended. From every
//! state but `Waiting`, a node ends as aborted when its scope stops.

mod array;
pub(super) mod branch;
pub(super) mod dynamic;
pub(super) mod echo;
mod gate;
mod launch_plan;
mod task;

use std::sync::Arc;

use flyte_client::proto::{
    admin::node_execution_closure::OutputResult,
    core::{self, node_execution::Phase, task_execution},
};

use super::{elements::ArrayRun, program::NodeTarget};
use crate::store::{cache::CacheKey, node_execution::NodeExecution, task_execution::TaskExecution};

/// Where a node is between "not begun" and "ended". The transitions are in the [module docs](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeState {
    /// An upstream node has not succeeded, or the scope begins no further nodes.
    Waiting,
    /// Its upstream nodes have succeeded; it is not begun.
    Ready,
    /// An equal task of another node is running and will fill the cache.
    AwaitingCache,
    /// Waits until the execution may run one more node, and for a free process slot if it runs a task.
    Queued,
    /// An attempt or an execution is running.
    Running,
    /// Nodes of its own are running.
    Parent,
    /// Waits for an approval, a value, or for time to pass.
    AtGate,
    /// It was running under an engine that has ended.
    Orphaned,
    /// Succeeded, failed or aborted.
    Ended,
}

impl NodeState {
    /// Whether the transition is one of those in the module docs, or one that restores a stored node.
    pub(super) fn may_become(self, next: Self) -> bool {
        use NodeState::{AtGate, AwaitingCache, Ended, Orphaned, Parent, Queued, Ready, Running, Waiting};
        match self {
            Waiting => matches!(next, Ready | Queued | Parent | AtGate | Orphaned | Ended),
            Ready => next != Ready && next != Orphaned,
            AwaitingCache => matches!(next, Queued | Ended),
            Queued => matches!(next, Running | Ended),
            Running => matches!(next, Queued | Parent | Ended),
            AtGate | Parent => next == Ended,
            Orphaned => matches!(next, Queued | Running | Parent | Ended),
            Ended => false,
        }
    }

    /// Whether the scope of the node waits for it: it is ready, or begun and not ended.
    pub(super) fn is_open(self) -> bool {
        !matches!(self, Self::Waiting | Self::Ended)
    }
}

/// A node of an open execution.
pub(crate) struct Node {
    /// The index of its scope.
    pub(super) scope: usize,
    pub(super) spec: Arc<core::Node>,
    pub(super) target: NodeTarget,
    /// Changed by [`Run::set_state`](super::run::Run::set_state) only.
    pub(super) state: NodeState,
    /// What is stored of it.
    pub(super) record: NodeExecution,
    pub(super) attempts: Vec<TaskExecution>,
    /// How many upstream nodes have not succeeded yet.
    pub(super) pending_upstream: usize,
    /// The indices of the nodes that wait for it.
    pub(super) downstream: Vec<usize>,
    /// The index of the scope of a sub-workflow that has begun.
    pub(super) sub_scope: Option<usize>,
    pub(super) cache: CacheSlot,
    /// How many attempts took too long.
    pub(super) timeouts: usize,
    /// The elements of an array that has begun.
    pub(super) array: Option<ArrayRun>,
}

/// A task's entry in the cache.
#[derive(Default)]
pub(super) struct CacheSlot {
    /// Where the result is to be stored; `None` for a task that is not cached.
    key: Option<CacheKey>,
    /// The owner of the reservation that keeps equal tasks from running.
    owner: Option<String>,
}

impl Node {
    pub(super) fn phase(&self) -> Phase {
        self.record.closure.phase()
    }

    /// Whether it was begun and has not ended.
    pub(super) fn is_begun(&self) -> bool {
        self.state.is_open() && self.state != NodeState::Ready
    }

    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.phase(), Phase::Succeeded | Phase::Recovered | Phase::Skipped)
    }

    /// The number of the running attempt.
    pub(super) fn running_attempt(&self) -> Option<u32> {
        let last = self.attempts.last()?;
        (last.closure.phase() == task_execution::Phase::Running).then_some(last.attempt)
    }

    /// Whether it counts against the execution's parallelism.
    pub(super) fn takes_slot(&self) -> bool {
        use NodeState::{AwaitingCache, Orphaned, Queued, Running};
        matches!(self.state, AwaitingCache | Queued | Running | Orphaned)
    }

    /// What it failed with.
    pub(super) fn error(&self) -> Option<&core::ExecutionError> {
        match &self.record.closure.output_result {
            Some(OutputResult::Error(error)) if matches!(self.phase(), Phase::Failed | Phase::TimedOut) => {
                Some(error)
            }
            _ => None,
        }
    }
}
