//! An execution that did not succeed: which node, why, and where to look.

use remote::{
    list::{self, Query},
    proto::{admin::Execution, core::WorkflowExecutionIdentifier},
    watch::{self, Node, Phase},
};

use super::super::{execution::show, session::Session};
use crate::cli::{exit::Exit, report::Failure};

/// The failure that tells of it.
pub(super) async fn failure(session: &Session, execution: &Execution, nodes: &[Node]) -> Failure {
    let id = execution.id.clone().unwrap_or_default();
    let word = match watch::phase(execution) {
        Phase::Aborted => "was stopped",
        Phase::TimedOut => "took too long",
        _ => "failed",
    };
    let mut failure = Failure::new(Exit::Failed, format!("execution `{}` {word}", id.name));
    let reason = show::reason(execution);
    let Some(node) = culprit(nodes) else {
        return reason
            .into_iter()
            .fold(failure, Failure::caused_by)
            .hint(format!("`{}` shows it", session.command(&["execution", "show", &id.name])));
    };
    let why = node.error.as_ref().map(|error| error.message.trim()).unwrap_or_default();
    let attempt = if node.attempt > 1 { format!(" in attempt {}", node.attempt) } else { String::new() };
    failure = failure.caused_by(format!("node `{}` failed{attempt}", node.id)).caused_by(why);
    // The execution's own reason most often repeats its node's.
    if let Some(reason) = reason.filter(|reason| !reason.contains(why)) {
        failure = failure.caused_by(reason);
    }
    if let Some(child) = &node.child {
        return failure.hint(format!(
            "it ran as an execution of its own: `{}`",
            session.command(&["execution", "show", &child.name])
        ));
    }
    failure.hint(match logs(session, &id, node).await.as_slice() {
        [] => None,
        [log] => Some(format!("see its logs: {log}")),
        logs => Some(format!("see its logs:\n{}", logs.join("\n"))),
    })
}

/// The node that failed: the innermost one, of these the first.
fn culprit(nodes: &[Node]) -> Option<&Node> {
    let failed = nodes.iter().filter(|node| node.error.is_some());
    failed.rev().max_by_key(|node| node.depth)
}

/// Links to the logs of the last attempt; they are an extra, so none if they cannot be had.
async fn logs(session: &Session, id: &WorkflowExecutionIdentifier, node: &Node) -> Vec<String> {
    let attempts = list::task_executions(&session.client, &node.key(id), &Query::default()).await;
    let attempts = attempts.unwrap_or_default();
    let number =
        |attempt: &remote::proto::admin::TaskExecution| attempt.id.as_ref().map(|id| id.retry_attempt);
    let last = attempts.into_iter().max_by_key(number);
    let logs = last.and_then(|attempt| attempt.closure).map(|closure| closure.logs).unwrap_or_default();
    logs.into_iter().map(|log| log.uri).collect()
}
