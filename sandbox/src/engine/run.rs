//! One open execution: a state machine in memory, of which every change is stored in the step that makes it.
//!
//! Nodes go from not begun to *ready* (what they need is there), *queued* (begun, waiting for room) and running to
//! an end. A [`Scope`] is one workflow at work: the execution's own, or that of a sub-workflow node. It ends when none
//! of its nodes is active any more, and its end is that of the node above, or of the execution.

mod load;
mod node;
mod scope;
mod step;
mod transitions;

use std::collections::{BTreeSet, HashMap, VecDeque};

use flyte_client::proto::core::{
    self, ExecutionError, LiteralMap, execution_error::ErrorKind, node_execution::Phase, workflow_execution,
};

pub(crate) use self::{
    node::Node,
    scope::{Scope, State},
};
use super::{
    binding,
    node::{self as kind, Kind},
    program::{Program, START},
    step::Step,
};
use crate::{
    runner::Outcome,
    service_error::ServiceError,
    store::{self, execution::Execution},
};

/// How many nodes of an execution run at once, unless it says so itself.
const MAX_PARALLELISM: usize = 25;

/// An open execution.
pub(crate) struct Run {
    pub(crate) execution: Execution,
    pub(super) program: Program,
    pub(super) scopes: Vec<Scope>,
    pub(super) nodes: Vec<Node>,
    /// Nodes by their ids in the execution.
    by_id: HashMap<String, usize>,
    /// May begin.
    ready: VecDeque<usize>,
    /// Begun, and wait for room.
    queued: VecDeque<usize>,
    /// How many count against the limit.
    running: usize,
    /// Running attempts and children of an engine that is gone.
    lost: Vec<usize>,
    /// Waiting for another execution's equal task.
    waiting: Vec<usize>,
    /// Gates that wait.
    gates: Vec<usize>,
    touched: BTreeSet<usize>,
    is_touched: bool,
    is_over: bool,
}

impl Run {
    /// Whether nodes wait for room that another execution may free.
    pub(crate) fn wants_room(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Whether nodes wait for the result of an equal task.
    pub(crate) fn waits_for_cache(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether gates wait for an answer.
    pub(crate) fn waits_at_gates(&self) -> bool {
        !self.gates.is_empty()
    }

    /// Whether a gate has slept or waited for as long as it may.
    pub(crate) fn has_due_gate(&self, now: jiff::Timestamp) -> bool {
        self.gates.iter().any(|&index| kind::gate::is_due(&self.nodes[index], now))
    }

    /// Takes in how an attempt ended.
    pub(crate) fn attempt_over(
        &mut self,
        node: &str,
        attempt: u32,
        outcome: Outcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        match self.by_id.get(node).copied() {
            Some(index) if self.nodes[index].running_attempt() == Some(attempt) => {
                kind::task::over(self, index, outcome, step)
            }
            // Told twice, or of an attempt that was given up.
            _ => Ok(()),
        }
    }

    /// Looks at the execution that a node started.
    pub(crate) fn child_over(&mut self, node: &str, step: &mut Step<'_>) -> Result<(), ServiceError> {
        match self.by_id.get(node).copied() {
            Some(index) if self.nodes[index].is_active() => kind::launch_plan::look(self, index, step),
            _ => Ok(()),
        }
    }

    /// Does everything that can be done now, and stores it.
    pub(crate) fn advance(&mut self, step: &mut Step<'_>) -> Result<(), ServiceError> {
        if !self.is_over {
            self.go_on(step)?;
        }
        self.save(step)
    }

    fn go_on(&mut self, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.start(step);
        if !matches!(self.scopes[0].state, State::Stopping | State::Over)
            && store::execution::is_aborting(step.transaction, self.execution.row)?
        {
            self.execution = store::execution::get(step.transaction, self.execution.row)?;
            self.halt(0, step)?;
        }
        for index in std::mem::take(&mut self.lost) {
            kind::lost(self, index, step)?;
        }
        for scope in (0..self.scopes.len()).rev() {
            self.settle(scope, step)?;
        }
        for index in std::mem::take(&mut self.waiting) {
            kind::task::look_up(self, index, step)?;
        }
        for index in std::mem::take(&mut self.gates) {
            kind::gate::look(self, index, step)?;
        }
        loop {
            while let Some(index) = self.ready.pop_front() {
                self.begin(index, step)?;
            }
            if !self.start_queued(step)? {
                return Ok(());
            }
        }
    }

    /// Says again which results of equal tasks this execution is making.
    pub(crate) fn keep_reservations(&self, step: &Step<'_>) -> Result<(), ServiceError> {
        let running = self.nodes.iter().filter(|node| node.is_active());
        running.into_iter().try_for_each(|node| kind::task::keep_reservation(node, step))
    }

    /// The execution as running, with its workflow's own scope.
    fn start(&mut self, step: &mut Step<'_>) {
        use workflow_execution::Phase;
        if matches!(self.execution.phase(), Phase::Undefined | Phase::Queued) {
            let closure = &mut self.execution.closure;
            closure.set_phase(Phase::Running);
            closure.started_at = Some(store::time::to_message(step.now));
            self.is_touched = true;
        }
    }

    /// Begins a node whose upstream nodes succeeded.
    fn begin(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        self.enter(index, Phase::Queued, step);
        let node = &self.nodes[index];
        let spec = node.spec.clone();
        let inputs = node.kind.target.inputs();
        match binding::resolve(&spec.inputs, inputs, &View { run: self, scope: node.scope }) {
            Ok(mut values) => {
                self.add_error(index, &mut values);
                self.nodes[index].record.inputs = values;
            }
            Err(error) => {
                let error = execution_error("BindingFailed", error.to_string(), ErrorKind::User);
                return self.fail(index, error, Phase::Failed, step);
            }
        }
        if let Some(outputs) = self.recovered(index, step)? {
            return self.succeed(index, outputs, Phase::Recovered, step);
        }
        kind::begin(self, index, step)
    }

    /// A failure node that asks for the error is given it.
    fn add_error(&self, index: usize, values: &mut LiteralMap) {
        let node = &self.nodes[index];
        let State::Cleaning(failure) = &self.scopes[node.scope].state else { return };
        let error =
            core::Error { failed_node_id: failure.node.clone(), message: failure.error.message.clone() };
        for (name, variable) in node.kind.target.inputs().iter().flat_map(|map| &map.variables) {
            if let Some(value) = variable.r#type.as_ref().and_then(|wanted| binding::error(wanted, &error)) {
                values.literals.insert(name.clone(), value);
            }
        }
    }

    /// What the node gave in the execution that this one recovers.
    fn recovered(&self, index: usize, step: &Step<'_>) -> Result<Option<LiteralMap>, ServiceError> {
        let Some(source) = self.source() else { return Ok(None) };
        let node = store::node_execution::find(step.transaction, source, &self.nodes[index].record.node_id)?;
        Ok(node
            .filter(|node| matches!(node.closure.phase(), Phase::Succeeded | Phase::Recovered))
            .and_then(|node| node.outputs))
    }

    /// The execution that this one recovers.
    pub(super) fn source(&self) -> Option<&core::WorkflowExecutionIdentifier> {
        use flyte_client::proto::admin::execution_metadata::ExecutionMode;
        let metadata = self.execution.spec.metadata.as_ref()?;
        (metadata.mode() == ExecutionMode::Recovered).then_some(metadata.reference_execution.as_ref()?)
    }

    /// Puts a node among those that wait for room.
    pub(super) fn queue(&mut self, index: usize) {
        self.queued.push_back(index);
    }

    /// Puts a node among those that wait for the result of an equal task.
    pub(super) fn wait_for_cache(&mut self, index: usize) {
        self.waiting.push(index);
    }

    /// Puts a gate among those that wait.
    pub(super) fn wait_at_gate(&mut self, index: usize) {
        self.gates.push(index);
    }

    /// Says that a node no longer counts against the limit.
    pub(super) fn leave_room(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// Starts queued nodes while there is room. Returns whether nodes became ready by it.
    fn start_queued(&mut self, step: &mut Step<'_>) -> Result<bool, ServiceError> {
        let limit = usize::try_from(self.execution.spec.max_parallelism).ok().filter(|&limit| limit > 0);
        let mut left = Vec::new();
        while self.running < limit.unwrap_or(MAX_PARALLELISM)
            && let Some(index) = self.queued.pop_front()
        {
            let needs_process = matches!(self.nodes[index].kind, Kind { ref target, .. } if target.is_task());
            if needs_process && step.room == 0 {
                left.push(index);
                continue;
            }
            self.running += 1;
            step.room -= usize::from(needs_process);
            kind::start(self, index, step)?;
        }
        for index in left.into_iter().rev() {
            self.queued.push_front(index);
        }
        Ok(!self.ready.is_empty())
    }
}

/// Where the bindings of a scope's nodes look.
struct View<'a> {
    run: &'a Run,
    scope: usize,
}

impl binding::Outputs for View<'_> {
    fn node_outputs(&self, node: &str) -> Option<&LiteralMap> {
        let scope = &self.run.scopes[self.scope];
        if node == START || node.is_empty() {
            return Some(&scope.inputs);
        }
        self.run.nodes[*scope.nodes.get(node)?].record.outputs.as_ref()
    }
}

/// An error of the engine's own.
pub(super) fn execution_error(code: &str, message: impl Into<String>, kind: ErrorKind) -> ExecutionError {
    ExecutionError {
        code: code.to_owned(),
        message: message.into(),
        kind: kind.into(),
        ..ExecutionError::default()
    }
}
