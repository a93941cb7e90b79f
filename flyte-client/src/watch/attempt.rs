//! What the attempts of a node's task say of it.

use crate::proto::{admin::TaskExecutionClosure, core::task_execution::Phase};

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

impl AttemptFailure {
    /// Why an attempt does not run; `None` for one that runs, unless something was reported since it began.
    pub(super) fn new(closure: &TaskExecutionClosure) -> Option<Self> {
        let last = closure.reasons.last();
        let text = last.map_or(&closure.reason, |last| &last.message).trim();
        let since = last.and_then(|last| last.occurred_at);
        let is_of_now = match closure.phase() {
            Phase::Succeeded | Phase::Failed => false,
            Phase::Aborted => closure.started_at.is_none(),
            Phase::Running => {
                let seconds =
                    |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
                since.is_some() && seconds(since) > seconds(closure.started_at)
            }
            _ => true,
        };
        (is_of_now && !text.is_empty()).then(|| Self { text: text.to_owned(), since, phase: closure.phase() })
    }
}
