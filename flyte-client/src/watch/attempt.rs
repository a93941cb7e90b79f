//! What the attempts of a node's task say of it.

use super::{Elements, Node, is_node_done};
use crate::proto::{
    admin::{TaskExecution, TaskExecutionClosure, task_execution_closure::OutputResult},
    core::task_execution::Phase,
};

/// Why an attempt does not run, in the words of the plugin that runs it: `[…|ImagePullBackOff]: Back-off
/// pulling image`.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptFailure {
    /// The words.
    pub text: String,
    /// Since when it is so, by the server's clock; older servers do not say.
    pub since: Option<prost_types::Timestamp>,
    /// The phase of the attempt.
    pub phase: Phase,
}

impl Node {
    /// Takes in the attempts at the node's task.
    pub fn take_attempts(&mut self, attempts: &[TaskExecution]) {
        let number = |attempt: &TaskExecution| attempt.id.as_ref().map_or(0, |id| id.retry_attempt);
        let Some(last) = attempts.iter().max_by_key(|attempt| number(attempt)) else { return };
        self.attempt = number(last) + 1;
        let Some(closure) = &last.closure else { return };
        self.elements = Elements::new(closure);
        self.reason = reason(closure).filter(|_| !is_node_done(self.phase) || closure.started_at.is_none());
        self.attempt_error = match &closure.output_result {
            Some(OutputResult::Error(error)) => Some(error.clone()),
            _ => None,
        };
    }
}

/// Why an attempt does not run. An attempt that runs is said nothing of, but for what was said since it
/// began.
fn reason(closure: &TaskExecutionClosure) -> Option<AttemptFailure> {
    let last = closure.reasons.last();
    let text = last.map_or(&closure.reason, |last| &last.message).trim();
    let since = last.and_then(|last| last.occurred_at);
    let is_of_now = match closure.phase() {
        Phase::Succeeded | Phase::Failed => false,
        Phase::Aborted => closure.started_at.is_none(),
        Phase::Running => {
            let seconds = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
            since.is_some() && seconds(since) > seconds(closure.started_at)
        }
        _ => true,
    };
    (is_of_now && !text.is_empty()).then(|| AttemptFailure {
        text: text.to_owned(),
        since,
        phase: closure.phase(),
    })
}
