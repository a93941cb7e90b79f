//! Texts about nodes of executions, shared by `execution show`, `get nodes` and the progress of `--wait`.

use flyte_client::{
    literal::type_name,
    proto::core::{WorkflowExecutionIdentifier, task_execution::Phase as TaskPhase},
    watch::{Element, Gate, Node, Reused, is_node_done},
};

use crate::{
    flyte::session::Session,
    ui::show::{in_a_line, time},
};

/// The name of a node; that of a map task without flytekit's affixes (`map_NAME_HASH-arraynode`).
#[must_use]
pub(crate) fn short_name(node: &Node) -> Option<String> {
    let name = node.name.as_deref().filter(|name| *name != node.id && *name != node.spec_id)?;
    let Some(of_map) = name.strip_suffix("-arraynode") else { return Some(name.to_owned()) };
    let is_hash = |text: &str| text.len() == 32 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    Some(match of_map.rsplit_once('_') {
        Some((name, hash)) if is_hash(hash) => name.to_owned(),
        _ => of_map.to_owned(),
    })
}

/// `n0 (train)`.
#[must_use]
pub(crate) fn label(node: &Node) -> String {
    match short_name(node) {
        Some(name) => format!("{} ({name})", node.id),
        None => node.id.clone(),
    }
}

/// ``node `n0` (train)``.
#[must_use]
pub(crate) fn quoted(node: &Node) -> String {
    match short_name(node) {
        Some(name) => format!("node `{}` ({name})", node.id),
        None => format!("node `{}`", node.id),
    }
}

/// Phase, elements, cache, attempt, duration and child execution, in a line.
#[must_use]
pub(crate) fn state(node: &Node) -> String {
    let mut text = node.phase.as_str_name().to_owned();
    if let Some(elements) = elements(node) {
        text = format!("{text}, {elements}");
    }
    if let Some(word) = node.cache.word() {
        text = format!("{text}, {word}{}", reuse_note(node));
    }
    if node.attempt > 1 {
        text = format!("{text}, attempt {}", node.attempt);
    }
    if node.duration.is_some() {
        text = format!("{text}, {}", time::duration(node.duration.as_ref()));
    }
    if let Some(child) = &node.child {
        text = format!("{text}, execution {}", child.name);
    }
    text
}

/// A note that another version of the task stored the cached result, which may surprise after an edit of the
/// task.
fn reuse_note(node: &Node) -> String {
    let (Some(from), Some(own)) = (node.reused_from_other_version(), &node.task_version) else {
        return String::new();
    };
    let Reused { task_version, execution } = from;
    format!(
        " (task version {own}; stored by version {task_version} in execution {}; `--overwrite-cache` runs it again)",
        execution.name
    )
}

/// The cache status of a node, for a table.
#[must_use]
pub(crate) fn cache(node: &Node) -> Option<String> {
    let word = node.cache.word()?;
    Some(match node.reused_from_other_version() {
        Some(from) => format!("{word} from task version {}", from.task_version),
        None => word.to_owned(),
    })
}

/// `2 of 3 elements, 1 failed`, of a map task.
#[must_use]
pub(crate) fn elements(node: &Node) -> Option<String> {
    let elements = node.elements.as_ref()?;
    let mut text = format!("{} of {} elements", elements.count_in(TaskPhase::Succeeded), elements.count());
    let failed = elements.count_in(TaskPhase::Failed);
    if failed > 0 {
        text = format!("{text}, {failed} failed");
    }
    Some(text)
}

/// The phase of an element; `NOT_STARTED` if it has none.
#[must_use]
pub(crate) fn element_phase(element: &Element) -> &'static str {
    match element.phase {
        TaskPhase::Undefined => "NOT_STARTED",
        phase => phase.as_str_name(),
    }
}

/// What a gate waits for, or why an attempt does not run; of a node that ended, the reason of its last
/// attempt.
#[must_use]
pub(crate) fn waiting_reason(
    session: &Session,
    id: &WorkflowExecutionIdentifier,
    node: &Node,
) -> Option<String> {
    if is_node_done(node.phase) {
        return node.reason.as_ref().map(|reason| in_a_line(&reason.text));
    }
    match &node.gate {
        Some(gate) => Some(gate_text(session, id, node, gate)),
        None => attempt_text(node),
    }
}

fn attempt_text(node: &Node) -> Option<String> {
    let reason = node.reason.as_ref()?;
    let text = in_a_line(&reason.text);
    Some(match reason.phase {
        TaskPhase::Running => text,
        phase => format!("attempt {}: {text}", phase.as_str_name()),
    })
}

fn gate_text(session: &Session, id: &WorkflowExecutionIdentifier, node: &Node, gate: &Gate) -> String {
    let command =
        |verb: &str, signal: &str| format!("`{}`", session.command(&["execution", verb, &id.name, signal]));
    match gate {
        Gate::Approval { signal } => {
            format!("waits for approval; run {} or {}", command("approve", signal), command("reject", signal))
        }
        Gate::Value { signal, kind } => {
            let command = session.command(&["execution", "set-input", &id.name, signal, "VALUE"]);
            format!("waits for a value of type `{}`; run `{command}`", type_name(kind))
        }
        Gate::Sleep { duration } => sleep_text(node, *duration),
    }
}

fn sleep_text(node: &Node, duration: prost_types::Duration) -> String {
    let Some(started) = &node.started_at else {
        return format!("sleeps for {}", time::duration(Some(&duration)));
    };
    let end = prost_types::Timestamp { seconds: started.seconds + duration.seconds, nanos: started.nanos };
    format!("sleeps until {}", time::moment(Some(&end)))
}

/// An error in a line. flytekit writes a traceback first, and the exception under `Message:`.
#[must_use]
pub(crate) fn error_summary(text: &str) -> String {
    let message = text.rsplit_once("\nMessage:").map(|(_, message)| message.trim());
    in_a_line(message.filter(|message| !message.is_empty()).unwrap_or(text))
}
