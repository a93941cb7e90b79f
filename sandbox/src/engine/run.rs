//! One open execution in memory: a state machine whose changes are stored in the step that makes them.
//!
//! A [`Scope`] is a running workflow: the execution's own, or that of a sub-workflow node. The states of
//! nodes are drawn in [`node`](super::node), those of scopes in [`scope`]. This file has the queues and the
//! order of one [`Run::advance`]; `transitions.rs` has how nodes begin and end, `settle.rs` how scopes do,
//! `save.rs` and `load.rs` how a run is stored and restored.

mod load;
mod save;
mod scope;
mod settle;
mod step;
mod transitions;

use std::collections::{BTreeSet, HashMap, VecDeque};

use flyte_client::proto::core::{self, Literal, workflow_execution};

use self::scope::{Scope, ScopeKind};
pub(crate) use self::step::{Effects, Step};
use super::{
    attempts::ProcessKey,
    binding,
    node::{Node, NodeState},
};
use crate::{
    compile::START,
    runner::AttemptOutcome,
    service_error::ServiceError,
    store::{self, execution::Execution},
};

/// How many nodes of an execution run at once by default.
const MAX_PARALLELISM: usize = 25;

/// An open execution.
pub(crate) struct Run {
    pub(super) execution: Execution,
    scopes: Vec<Scope>,
    pub(super) nodes: Vec<Node>,
    /// Node indices by their ids in the execution.
    by_id: HashMap<String, usize>,
    queues: Queues,
    /// The running arrays.
    arrays: BTreeSet<usize>,
    /// How many nodes count against the execution's parallelism.
    running: usize,
    /// The nodes that differ from the store.
    changed: BTreeSet<usize>,
    /// Whether the execution's own row differs from the store.
    is_changed: bool,
    has_ended: bool,
}

/// The indices of the nodes in those states that the engine acts upon, in the order in which they entered
/// them.
#[derive(Default)]
struct Queues {
    ready: VecDeque<usize>,
    queued: VecDeque<usize>,
    orphaned: VecDeque<usize>,
    awaiting_cache: VecDeque<usize>,
    at_gate: VecDeque<usize>,
}

impl Queues {
    fn of_state(&mut self, state: NodeState) -> Option<&mut VecDeque<usize>> {
        match state {
            NodeState::Ready => Some(&mut self.ready),
            NodeState::Queued => Some(&mut self.queued),
            NodeState::Orphaned => Some(&mut self.orphaned),
            NodeState::AwaitingCache => Some(&mut self.awaiting_cache),
            NodeState::AtGate => Some(&mut self.at_gate),
            NodeState::Waiting | NodeState::Running | NodeState::Parent | NodeState::Ended => None,
        }
    }

    fn remove(&mut self, state: NodeState, index: usize) {
        let Some(queue) = self.of_state(state) else { return };
        if queue.front() == Some(&index) {
            queue.pop_front();
        } else {
            queue.retain(|&other| other != index);
        }
    }
}

impl Run {
    fn new(execution: Execution) -> Self {
        Self {
            execution,
            scopes: Vec::new(),
            nodes: Vec::new(),
            by_id: HashMap::new(),
            queues: Queues::default(),
            arrays: BTreeSet::new(),
            running: 0,
            changed: BTreeSet::new(),
            is_changed: false,
            has_ended: false,
        }
    }

    /// Whether nodes wait for a slot that another execution may free.
    pub(crate) fn wants_slots(&self) -> bool {
        !self.queues.queued.is_empty() || self.wants_element_slots()
    }

    /// The running arrays.
    pub(super) fn queues_arrays(&self) -> impl Iterator<Item = usize> {
        self.arrays.iter().copied()
    }

    /// Whether the workflow of a scope says that its tasks may be interrupted.
    pub(super) fn is_interruptible_by_default(&self, scope: usize) -> bool {
        let defaults = self.scopes[scope].workflow.metadata_defaults;
        defaults.is_some_and(|defaults| defaults.interruptible)
    }

    /// How many nodes may run at once.
    pub(super) fn parallelism(&self) -> usize {
        let limit = usize::try_from(self.execution.config.max_parallelism).ok().filter(|&limit| limit > 0);
        limit.unwrap_or(MAX_PARALLELISM)
    }

    /// Whether nodes wait for the result of an equal task.
    pub(crate) fn awaits_cache(&self) -> bool {
        !self.queues.awaiting_cache.is_empty()
    }

    /// Whether nodes wait at gates.
    pub(crate) fn is_at_gate(&self) -> bool {
        !self.queues.at_gate.is_empty()
    }

    /// Whether a gate has slept, or waited for as long as it may.
    pub(crate) fn has_due_gate(&self, now: jiff::Timestamp) -> bool {
        self.queues.at_gate.iter().any(|&index| self.nodes[index].is_due(now))
    }

    /// Reports how an attempt ended. One that was given up, or is reported twice, is ignored.
    pub(crate) fn attempt_ended(
        &mut self,
        key: &ProcessKey,
        outcome: AttemptOutcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let node = key.attempt.node_execution_id.as_ref().map_or("", |node| &node.node_id);
        let Some(index) = self.by_id.get(node).copied() else { return Ok(()) };
        if self.nodes[index].running_attempt() != Some(key.attempt.retry_attempt) {
            return Ok(());
        }
        match key.element {
            None => self.end_attempt(index, outcome, step),
            Some(element) => self.end_element(index, (element.index, element.attempt), outcome, step),
        }
    }

    /// Reports that the execution that a node started has ended.
    pub(crate) fn child_ended(&mut self, node: &str, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.by_id.get(node).copied() {
            Some(index) if self.nodes[index].is_begun() => self.poll_child(index, step),
            _ => Ok(()),
        }
    }

    /// Does everything that can be done now, and stores it.
    pub(crate) fn advance(&mut self, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if !self.has_ended {
            self.poll(step)?;
        }
        self.save(step)
    }

    /// First what may end nodes, then what begins and starts further ones. An end may end other nodes with
    /// their scope, so each node's state is checked again.
    fn poll(&mut self, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.begin_execution(step);
        if !self.scopes[0].is_stopping()
            && store::execution::is_aborting(step.transaction, self.execution.row)?
        {
            self.execution = store::execution::get(step.transaction, self.execution.row)?;
            self.stop_scope(0, step)?;
        }
        for index in self.queues.orphaned.clone() {
            if self.nodes[index].state == NodeState::Orphaned {
                self.recover_node(index, step)?;
            }
        }
        for scope in (0..self.scopes.len()).rev() {
            self.settle(scope, step)?;
        }
        for index in self.queues.awaiting_cache.clone() {
            if self.nodes[index].state == NodeState::AwaitingCache {
                self.look_up_cache(index, step)?;
            }
        }
        for index in self.queues.at_gate.clone() {
            if self.nodes[index].state == NodeState::AtGate {
                self.poll_gate(index, step)?;
            }
        }
        loop {
            let has_begun = self.begin_ready(step)?;
            let has_started = self.start_queued(step)?;
            let has_started = self.start_elements(step)? || has_started;
            if !has_begun && !has_started {
                return Ok(());
            }
        }
    }

    /// Begins ready nodes while the execution's parallelism allows it; returns whether any was.
    fn begin_ready(&mut self, step: &mut Step<'_>) -> Result<bool, ServiceError> {
        let limit = self.parallelism();
        let (mut position, mut has_begun) = (0, false);
        while let Some(&index) = self.queues.ready.get(position) {
            if self.nodes[index].target.takes_slot() && self.running >= limit {
                position += 1;
                continue;
            }
            self.begin_node(index, step)?;
            has_begun = true;
            // It left the queue, maybe with others.
            position = position.min(self.queues.ready.len());
        }
        Ok(has_begun)
    }

    /// Renews the reservations of results that this execution computes.
    pub(crate) fn renew_reservations(&self, step: &Step<'_>) -> Result<(), ServiceError> {
        self.nodes.iter().filter(|node| node.is_begun()).try_for_each(|node| node.renew_reservation(step))
    }

    fn begin_execution(&mut self, step: &Step<'_>) {
        use workflow_execution::Phase;
        if matches!(self.execution.phase(), Phase::Undefined | Phase::Queued) {
            let closure = &mut self.execution.closure;
            closure.set_phase(Phase::Running);
            closure.started_at = Some(store::time::to_message(step.now));
            self.is_changed = true;
        }
    }

    /// Starts queued nodes while the process slots allow it; returns whether any was.
    fn start_queued(&mut self, step: &mut Step<'_>) -> Result<bool, ServiceError> {
        let (mut position, mut has_started) = (0, false);
        while let Some(&index) = self.queues.queued.get(position) {
            let needs_process = self.nodes[index].target.is_task();
            if needs_process && step.free_slots == 0 {
                position += 1;
                continue;
            }
            step.free_slots -= usize::from(needs_process);
            self.start_node(index, step)?;
            has_started = true;
            // It left the queue, maybe with others.
            position = 0;
        }
        Ok(has_started)
    }

    /// The execution that this one recovers.
    pub(super) fn recovered_execution(&self) -> Option<&core::WorkflowExecutionIdentifier> {
        use flyte_client::proto::admin::execution_metadata::ExecutionMode;
        let metadata = self.execution.spec.metadata.as_ref()?;
        (metadata.mode() == ExecutionMode::Recovered).then_some(metadata.reference_execution.as_ref()?)
    }
}

/// The outputs that the bindings of a scope's nodes refer to.
struct ScopeOutputs<'a> {
    run: &'a Run,
    scope: usize,
}

impl binding::Outputs for ScopeOutputs<'_> {
    fn output(&self, node: &str, variable: &str) -> Option<&Literal> {
        let mut scope = &self.run.scopes[self.scope];
        while scope.kind == ScopeKind::Branch && !scope.nodes.contains_key(node) {
            scope = &self.run.scopes[self.run.nodes[scope.parent?].scope];
        }
        if node == START || node.is_empty() {
            return scope.inputs.literals.get(variable);
        }
        let node = &self.run.nodes[*scope.nodes.get(node)?];
        let alias = node.spec.output_aliases.iter().find(|alias| alias.alias == variable);
        let name = alias.map_or(variable, |alias| &alias.var);
        node.record.outputs.as_ref()?.literals.get(name)
    }
}
