//! The failure of an execution that did not succeed: the node, the error, links to logs.

use flyte_client::{
    list::{self, Query},
    proto::{
        admin::{Execution, TaskExecution},
        core::{
            WorkflowExecutionIdentifier, node_execution::Phase as NodePhase,
            task_execution::Phase as TaskPhase,
        },
    },
    watch::{self, Elements, Node, Phase, Watch, is_done},
};

use crate::flyte::{execution, node as node_text, session::Session};
use crate::ui::{error::CommandError, exit_code::Exit};

/// The depth of nested executions to which a failure is traced.
const DEEPEST: usize = 10;

/// How many links to logs, and elements of a map task, are printed.
const MANY: usize = 10;

pub(super) async fn failure(session: &Session, execution: &Execution, nodes: &[Node]) -> CommandError {
    let id = execution.id.clone().unwrap_or_default();
    let failure = CommandError::new(Exit::Failed, headline(execution));
    if watch::phase(execution) == Phase::Aborted {
        // The nodes did not fail; the cause is that of the abort.
        return execution::error_message(execution)
            .into_iter()
            .fold(failure, CommandError::caused_by)
            .hint(format!("run `{}` to see its nodes", session.command(&["execution", "show", &id.name])));
    }
    let Some(node) = culprit(execution, nodes) else {
        return execution::error_message(execution)
            .into_iter()
            .fold(failure, CommandError::caused_by)
            .hint(format!("run `{}` to see its nodes", session.command(&["execution", "show", &id.name])));
    };
    explain(session, execution, node, nodes, failure).await
}

/// ``execution `x` failed``, `was aborted` or `timed out`.
fn headline(execution: &Execution) -> String {
    let name = execution.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
    let word = match watch::phase(execution) {
        Phase::Aborted => "was aborted",
        Phase::TimedOut => "timed out",
        _ => "failed",
    };
    format!("execution `{name}` {word}")
}

/// The causes from the node that failed down to the first one, through executions that nodes started.
async fn explain(
    session: &Session,
    execution: &Execution,
    node: &Node,
    nodes: &[Node],
    mut failure: CommandError,
) -> CommandError {
    let (mut execution, mut nodes, mut node) = (execution.clone(), nodes.to_vec(), node.clone());
    for _ in 0..DEEPEST {
        failure = failure.caused_by(node_headline(&node));
        let Some((child, inner)) = child(session, &node).await else { break };
        failure = failure.caused_by(headline(&child));
        if watch::phase(&child) == Phase::Aborted {
            return execution::error_message(&child).into_iter().fold(failure, CommandError::caused_by);
        }
        let Some(next) = culprit(&child, &inner).cloned() else {
            return execution::error_message(&child).into_iter().fold(failure, CommandError::caused_by);
        };
        (execution, nodes, node) = (child, inner, next);
    }
    let id = execution.id.clone().unwrap_or_default();
    let reason = execution::error_message(&execution);
    let why = why(&node).or_else(|| reason.clone()).unwrap_or_default();
    failure = causes(&node, &why).into_iter().fold(failure, CommandError::caused_by);
    // A failure node may fail too; the execution then fails with its error.
    if let Some(reason) = reason.filter(|reason| !reason.contains(why.trim())) {
        let handler = nodes.iter().find(|node| node.is_handler && node.phase == NodePhase::Failed);
        failure =
            handler.map(node_headline).into_iter().chain([reason]).fold(failure, CommandError::caused_by);
    }
    if let Some(child) = &node.child {
        return failure.hint(format!(
            "run `{}` to see its own execution",
            session.command(&["execution", "show", &child.name])
        ));
    }
    failure.hint(match logs(session, &id, &node).await.as_slice() {
        [] => None,
        [log] => Some(format!("see its logs: {log}")),
        logs => Some(format!("see its logs:\n{}", logs.join("\n"))),
    })
}

/// ``node `n0` (train) failed in attempt 2``, and so on.
fn node_headline(node: &Node) -> String {
    let word = match node.phase {
        NodePhase::Aborted => "was aborted",
        NodePhase::TimedOut => "timed out",
        NodePhase::Skipped => "was skipped",
        _ => "failed",
    };
    let attempt = if node.attempt > 1 { format!(" in attempt {}", node.attempt) } else { String::new() };
    format!("{} {word}{attempt}", node_text::quoted(node))
}

/// The execution that a node started, if it failed, and its nodes.
async fn child(session: &Session, node: &Node) -> Option<(Execution, Vec<Node>)> {
    let mut watch = Watch::new(&session.client, node.child.clone()?);
    // Without it, the failure ends at the node.
    let look = watch.look().await.ok()?;
    let failed = is_done(look.phase()) && look.phase() != Phase::Succeeded;
    failed.then(|| (look.execution, watch.nodes().to_vec()))
}

/// The node that failed: the one with the execution's error, else the innermost one, of these the first.
fn culprit<'n>(execution: &Execution, nodes: &'n [Node]) -> Option<&'n Node> {
    let failed: Vec<&Node> = nodes.iter().filter(|node| has_failed(node)).collect();
    let reason = execution::error_message(execution);
    let is_it = |node: &&&Node| !node.is_handler && why(node).is_some() && why(node) == reason;
    let deepest =
        |nodes: Vec<&'n Node>| nodes.into_iter().rev().max_by_key(|node| (!node.is_handler, node.depth));
    deepest(failed.iter().filter(is_it).copied().collect()).or_else(|| deepest(failed))
}

fn has_failed(node: &Node) -> bool {
    matches!(node.phase, NodePhase::Failed | NodePhase::Failing | NodePhase::TimedOut)
}

/// Why a node failed, in full.
fn why(node: &Node) -> Option<String> {
    let error = node.error.as_ref().or(node.attempt_error.as_ref())?;
    Some(error.message.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Why a node failed, a cause each: of a map task the elements that did.
fn causes(node: &Node, why: &str) -> Vec<String> {
    let errors = watch::errors(why);
    let mut causes = match &node.elements {
        Some(elements) if !errors.is_empty() => {
            let mut causes = vec![format!(
                "{} of {} elements failed",
                elements.count_in(TaskPhase::Failed),
                elements.count()
            )];
            let left = errors.len().saturating_sub(MANY);
            causes.extend(errors.into_iter().take(MANY).map(|(which, text)| element(&which, &text)));
            causes.extend((left > 0).then(|| format!("{left} more errors")));
            causes
        }
        _ if why.is_empty() => Vec::new(),
        _ => vec![why.to_owned()],
    };
    causes.extend(node.reason.as_ref().map(|reason| reason.text.clone()));
    causes
}

/// `element 1: why`.
fn element(which: &[std::ops::RangeInclusive<u32>], text: &str) -> String {
    let names = which.iter().map(|range| match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{}-{}", range.start(), range.end()),
    });
    let names: Vec<_> = names.collect();
    let is_one = matches!(which, [range] if range.start() == range.end());
    format!("element{} {}: {text}", if is_one { "" } else { "s" }, names.join(", "))
}

/// Links to the logs of the last attempt, of a map task to those of elements that failed; they are an extra,
/// so none if they cannot be had.
async fn logs(session: &Session, id: &WorkflowExecutionIdentifier, node: &Node) -> Vec<String> {
    if let Some(elements) = &node.elements {
        return failed_logs(elements);
    }
    let attempts = list::task_executions(&session.client, &node.key(id), &Query::default()).await;
    let attempts = attempts.unwrap_or_default();
    let number = |attempt: &TaskExecution| attempt.id.as_ref().map(|id| id.retry_attempt);
    let last = attempts.into_iter().max_by_key(number);
    let logs = last.and_then(|attempt| attempt.closure).map(|closure| closure.logs).unwrap_or_default();
    logs.into_iter().map(|log| log.uri).collect()
}

fn failed_logs(elements: &Elements) -> Vec<String> {
    let failed = elements.last().filter(|element| element.phase == TaskPhase::Failed);
    failed.flat_map(|element| element.logs.iter().map(|log| log.uri.clone())).take(MANY).collect()
}
