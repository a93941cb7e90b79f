//! Nodes that wait: for an approval, for a value, for time to pass. They start no process and take no room.

use std::time::Duration;

use flyte_client::proto::core::{
    GateNode, Literal, LiteralMap, LiteralType, SimpleType, execution_error::ErrorKind, gate_node::Condition,
    literal::Value, literal_type::Type, node_execution::Phase, primitive::Value as PrimitiveValue,
    scalar::Value as ScalarValue,
};
use jiff::Timestamp;

use crate::{
    engine::{
        program::Target,
        run::{Node, Run, execution_error},
        step::Step,
    },
    service_error::ServiceError,
    store,
};

/// Begins a gate. One that was answered before does not run.
pub(super) fn begin(
    run: &mut Run,
    index: usize,
    gate: &GateNode,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    if let Some((signal, kind)) = signal(gate) {
        store::signal::create(step.transaction, &run.execution.id, signal, &kind, step.now)?;
        if answer(run, signal, step)?.is_some() {
            look(run, index, step)?;
            let closure = &mut run.nodes[index].record.closure;
            (closure.started_at, closure.duration) = (None, None);
            return Ok(());
        }
    }
    run.enter(index, Phase::Running, step);
    run.wait_at_gate(index);
    Ok(())
}

/// Looks whether a gate was answered, or its time is over; else it goes on waiting.
pub(in crate::engine) fn look(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    let Target::Gate(gate) = run.nodes[index].kind.target.clone() else { return Ok(()) };
    if !run.nodes[index].is_active() {
        return Ok(());
    }
    let value = match signal(&gate) {
        Some((signal, _)) => answer(run, signal, step)?,
        None => None,
    };
    match (&gate.condition, value) {
        (Some(Condition::Approve(_)), Some(value)) if is_true(&value) => {
            let inputs = run.nodes[index].record.inputs.clone();
            run.succeed(index, inputs, Phase::Succeeded, step)
        }
        (Some(Condition::Approve(_)), Some(_)) => {
            let text = "received a reject signal to disapprove the node input values";
            run.fail(
                index,
                execution_error("ReceivedRejectSignal", text, ErrorKind::User),
                Phase::Failed,
                step,
            )
        }
        (Some(Condition::Signal(signal)), Some(value)) => {
            let literals = [(signal.output_variable_name.clone(), value)].into();
            run.succeed(index, LiteralMap { literals }, Phase::Succeeded, step)
        }
        (Some(Condition::Sleep(_)), _) if has_slept(&run.nodes[index], step.now) => {
            run.succeed(index, LiteralMap::default(), Phase::Succeeded, step)
        }
        _ => match timeout(&run.nodes[index]).filter(|_| is_late(&run.nodes[index], step.now)) {
            Some(timeout) => {
                let text = format!(
                    "[1/1] currentAttempt done. Last Error: USER::task execution timeout [{}] expired",
                    in_go(timeout)
                );
                let error = execution_error("RetriesExhausted|TimeoutExpired", text, ErrorKind::User);
                run.fail(index, error, Phase::Failed, step)
            }
            None => {
                run.wait_at_gate(index);
                Ok(())
            }
        },
    }
}

/// Whether there is something to do for a gate without an answer.
pub(in crate::engine) fn is_due(node: &Node, now: Timestamp) -> bool {
    node.is_active() && (has_slept(node, now) || is_late(node, now))
}

fn has_slept(node: &Node, now: Timestamp) -> bool {
    let Target::Gate(gate) = &node.kind.target else { return false };
    let Some(Condition::Sleep(sleep)) = &gate.condition else { return false };
    let duration = sleep.duration.and_then(|duration| Duration::try_from(duration).ok());
    has_passed(node, duration.unwrap_or_default(), now)
}

fn is_late(node: &Node, now: Timestamp) -> bool {
    timeout(node).is_some_and(|timeout| has_passed(node, timeout, now))
}

fn has_passed(node: &Node, time: Duration, now: Timestamp) -> bool {
    let started = node.record.closure.started_at.as_ref();
    let since = started.map(|started| store::time::since(started, now));
    since.and_then(|since| Duration::try_from(since).ok()).is_some_and(|since| since >= time)
}

/// How long a gate may wait.
fn timeout(node: &Node) -> Option<Duration> {
    let timeout = node.spec.metadata.as_ref()?.timeout?;
    Duration::try_from(timeout).ok().filter(|timeout| !timeout.is_zero())
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

fn answer(run: &Run, signal: &str, step: &Step<'_>) -> Result<Option<Literal>, ServiceError> {
    let stored = store::signal::find(step.transaction, &run.execution.id, signal)?;
    Ok(stored.and_then(|signal| signal.value))
}

fn is_true(literal: &Literal) -> bool {
    let Some(Value::Scalar(scalar)) = &literal.value else { return false };
    let Some(ScalarValue::Primitive(primitive)) = &scalar.value else { return false };
    primitive.value == Some(PrimitiveValue::Boolean(true))
}

/// A duration as Go prints it: `5s`, `10m0s`, `1h0m0s`, `1.5s`, `200ms`.
fn in_go(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if seconds == 0 {
        let (value, unit) = match nanos {
            1_000_000.. => (f64::from(nanos) / 1e6, "ms"),
            1_000.. => (f64::from(nanos) / 1e3, "µs"),
            _ => (f64::from(nanos), "ns"),
        };
        return format!("{value}{unit}");
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let fraction = format!(".{nanos:09}");
    let rest = format!("{}{}s", seconds % 60, fraction.trim_end_matches('0').trim_end_matches('.'));
    match (hours, minutes) {
        (0, 0) => rest,
        (0, _) => format!("{minutes}m{rest}"),
        _ => format!("{hours}h{minutes}m{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go() {
        let shown =
            [5_000, 600_000, 3_600_000, 1_500, 200, 3_661_020].map(|ms| in_go(Duration::from_millis(ms)));
        assert_eq!(shown, ["5s", "10m0s", "1h0m0s", "1.5s", "200ms", "1h1m1.02s"]);
    }
}
