//! Gates: nodes that wait for an approval, a value, or for time to pass. They start no process and take no
//! slot.

use std::time::Duration;

use flyte_client::proto::core::{
    ExecutionError, GateNode, Literal, LiteralMap, LiteralType, SimpleType, execution_error::ErrorKind,
    gate_node::Condition, literal::Value, literal_type::Type, node_execution::Phase,
    primitive::Value as PrimitiveValue, scalar::Value as ScalarValue,
};
use jiff::Timestamp;

use super::{Node, NodeState};
use crate::{
    engine::{
        node_error::{execution_error, exhausted, timed_out},
        program::NodeTarget,
        run::{Run, Step},
    },
    service_error::ServiceError,
    store,
};

impl Run {
    /// Begins a gate. One that is answered already ends without having run.
    pub(in crate::engine) fn begin_gate(
        &mut self,
        index: usize,
        gate: &GateNode,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if let Some((signal, kind)) = signal(gate) {
            store::signal::create(step.transaction, &self.execution.id, signal, &kind, step.now)?;
            if self.answer(signal, step)?.is_some()
                && let Some(outcome) = self.gate_outcome(index, gate, step)?
            {
                return self.end_gate(index, outcome, step);
            }
        }
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::AtGate);
        Ok(())
    }

    /// Ends a gate that was answered or whose time has passed.
    pub(in crate::engine) fn poll_gate(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let NodeTarget::Gate(gate) = self.nodes[index].target.clone() else { return Ok(()) };
        match self.gate_outcome(index, &gate, step)? {
            Some(outcome) => self.end_gate(index, outcome, step),
            None => Ok(()),
        }
    }

    fn end_gate(
        &mut self,
        index: usize,
        outcome: GateOutcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        match outcome {
            GateOutcome::Succeeded(outputs) => self.succeed(index, outputs, Phase::Succeeded, step),
            GateOutcome::Failed(error) => self.fail(index, error, Phase::Failed, step),
        }
    }

    /// How a gate ends; `None` while it waits.
    fn gate_outcome(
        &self,
        index: usize,
        gate: &GateNode,
        step: &Step<'_>,
    ) -> Result<Option<GateOutcome>, ServiceError> {
        let node = &self.nodes[index];
        let value = match signal(gate) {
            Some((signal, _)) => self.answer(signal, step)?,
            None => None,
        };
        Ok(match (&gate.condition, value) {
            (Some(Condition::Approve(_)), Some(value)) if is_true(&value) => {
                Some(GateOutcome::Succeeded(node.record.inputs.clone()))
            }
            (Some(Condition::Approve(_)), Some(_)) => {
                let text = "received a reject signal to disapprove the node input values";
                Some(GateOutcome::Failed(execution_error("ReceivedRejectSignal", text, ErrorKind::User)))
            }
            (Some(Condition::Signal(signal)), Some(value)) => Some(GateOutcome::Succeeded(LiteralMap {
                literals: [(signal.output_variable_name.clone(), value)].into(),
            })),
            (Some(Condition::Sleep(_)), _) if node.has_slept(step.now) => {
                Some(GateOutcome::Succeeded(LiteralMap::default()))
            }
            _ => node
                .expired_timeout(step.now)
                .map(|timeout| GateOutcome::Failed(exhausted(&timed_out(timeout), 0))),
        })
    }

    /// The value that a signal of this execution was set to.
    fn answer(&self, signal: &str, step: &Step<'_>) -> Result<Option<Literal>, ServiceError> {
        let stored = store::signal::find(step.transaction, &self.execution.id, signal)?;
        Ok(stored.and_then(|signal| signal.value))
    }
}

/// How a gate ends.
enum GateOutcome {
    Succeeded(LiteralMap),
    Failed(ExecutionError),
}

impl Node {
    /// Whether a gate ends by time alone.
    pub(in crate::engine) fn is_due(&self, now: Timestamp) -> bool {
        self.has_slept(now) || self.expired_timeout(now).is_some()
    }

    fn has_slept(&self, now: Timestamp) -> bool {
        let NodeTarget::Gate(gate) = &self.target else { return false };
        let Some(Condition::Sleep(sleep)) = &gate.condition else { return false };
        let duration = sleep.duration.and_then(|duration| Duration::try_from(duration).ok());
        self.has_run_for(duration.unwrap_or_default(), now)
    }

    /// The timeout of a gate that has waited for so long.
    fn expired_timeout(&self, now: Timestamp) -> Option<Duration> {
        let timeout = Duration::try_from(self.spec.metadata.as_ref()?.timeout?).ok()?;
        (!timeout.is_zero() && self.has_run_for(timeout, now)).then_some(timeout)
    }

    fn has_run_for(&self, time: Duration, now: Timestamp) -> bool {
        let started = self.record.closure.started_at.as_ref();
        let since = started.map(|started| store::time::since(started, now));
        since.and_then(|since| Duration::try_from(since).ok()).is_some_and(|since| since >= time)
    }
}

/// The signal that a gate waits for, and its type.
fn signal(gate: &GateNode) -> Option<(&str, LiteralType)> {
    match gate.condition.as_ref()? {
        Condition::Approve(approve) => {
            let boolean = Type::Simple(SimpleType::Boolean.into());
            Some((&approve.signal_id, LiteralType { r#type: Some(boolean), ..Default::default() }))
        }
        Condition::Signal(signal) => Some((&signal.signal_id, signal.r#type.clone().unwrap_or_default())),
        Condition::Sleep(_) => None,
    }
}

fn is_true(literal: &Literal) -> bool {
    let Some(Value::Scalar(scalar)) = &literal.value else { return false };
    let Some(ScalarValue::Primitive(primitive)) = &scalar.value else { return false };
    primitive.value == Some(PrimitiveValue::Boolean(true))
}
