//! The progress of an execution: on a terminal a line for each running node, in tree order, below those that
//! ended; elsewhere a plain line for each change.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use flyte_client::{
    proto::core::{WorkflowExecutionIdentifier, node_execution, task_execution::Phase as TaskPhase},
    watch::{Change, Look, Node, Phase, is_done, is_node_done, phase_since},
};
use tokio::time::Instant;

use crate::ui::{output::Ui, progress::Line};
use crate::{
    flyte::{
        node::{error_summary, label, state, waiting_reason},
        session::Session,
    },
    ui::show::time,
};

/// How long an attempt waits before the reason is printed: pods need a moment to start.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many lines at most report the progress of a map task.
const STEPS: usize = 10;

/// The longest reason in a live line, in characters.
const LONGEST: usize = 200;

/// Prints the progress of one execution.
pub(super) struct View<'s> {
    session: &'s Session,
    id: WorkflowExecutionIdentifier,
    screen: Screen,
    /// What was printed of running nodes, by node id.
    states: HashMap<String, NodeState>,
}

enum Screen {
    /// For a file, a pipe or a dumb terminal.
    Lines,
    /// For a terminal.
    Live { top: Line, nodes: BTreeMap<String, Line> },
}

/// What was printed of a running node.
#[derive(Debug, Default)]
struct NodeState {
    /// The last line.
    line: String,
    /// The progress step of a map task, see [`STEPS`].
    step: usize,
    /// Why it waits, and since when.
    waits: Option<(String, Instant)>,
    /// The last reason that was printed.
    reason: String,
    /// All reasons that were printed: a pod alternates between two when its image cannot be pulled.
    reasons: BTreeSet<String>,
}

impl<'s> View<'s> {
    pub(super) fn new(session: &'s Session, id: &WorkflowExecutionIdentifier) -> Self {
        let screen = match session.ui.has_progress() {
            true => {
                let top = session.ui.clock(&format!("execution {}", id.name));
                Screen::Live { top, nodes: BTreeMap::new() }
            }
            false => Screen::Lines,
        };
        Self { session, id: id.clone(), screen, states: HashMap::new() }
    }

    /// Prints the changes of a look; `nodes` are all nodes in tree order.
    pub(super) fn show(&mut self, look: &Look, nodes: &[Node]) {
        for change in look.changes.iter().filter(|change| has_phase(change)) {
            match change {
                Change::Execution(phase) => self.show_execution(*phase, look),
                Change::Node(node) => self.show_node(node, nodes),
            }
        }
        for node in nodes.iter().filter(|node| is_running(node)) {
            self.show_reason(node, nodes, Instant::now());
        }
    }

    fn show_execution(&mut self, phase: Phase, look: &Look) {
        let duration = look.execution.closure.as_ref().and_then(|closure| closure.duration.as_ref());
        let duration = duration.filter(|_| is_done(phase)).map(|duration| time::duration(Some(duration)));
        let line = execution_line(&self.id.name, phase, duration.as_deref());
        match &mut self.screen {
            Screen::Live { top, .. } if !is_done(phase) => {
                top.say(line);
                count_since(top, phase_since(&look.execution));
            }
            _ => self.session.ui.note(format_args!("{line}\n")),
        }
    }

    fn show_node(&mut self, node: &Node, nodes: &[Node]) {
        let line = line(node, parent(node, nodes));
        if is_node_done(node.phase) {
            if let Screen::Live { nodes, .. } = &mut self.screen {
                nodes.remove(&node.id);
            }
            self.states.remove(&node.id);
            return self.session.ui.note(format_args!("{line}\n"));
        }
        let state = self.states.entry(node.id.clone()).or_default();
        let step = step(node);
        let is_news = step > state.step || without_elements(&line) != without_elements(&state.line);
        (state.step, state.line) = (step, line.clone());
        match &mut self.screen {
            Screen::Lines if is_news => self.session.ui.note(format_args!("{line}\n")),
            Screen::Lines => {}
            Screen::Live { top, nodes: lines } => {
                // The line is redrawn without the reason.
                state.reason.clear();
                draw(&self.session.ui, top, lines, node, nodes);
            }
        }
    }

    /// Prints why a node waits: for a gate at once, for an attempt after [`PATIENCE`]; each reason once.
    fn show_reason(&mut self, node: &Node, nodes: &[Node], now: Instant) {
        let Some(reason) = waiting_reason(self.session, &self.id, node) else { return };
        let state = self.states.entry(node.id.clone()).or_default();
        if state.waits.as_ref().is_none_or(|(before, _)| *before != reason) {
            state.waits = Some((reason.clone(), now));
        }
        let since = state.waits.as_ref().map_or(now, |(_, since)| *since);
        let is_due = node.gate.is_some() || now.duration_since(since) >= PATIENCE || is_old(node);
        if !is_due || state.reason == reason {
            return;
        }
        state.reason.clone_from(&reason);
        let is_new = state.reasons.insert(reason.clone());
        match &mut self.screen {
            Screen::Lines if !is_new => {}
            Screen::Lines => {
                self.session.ui.note(format_args!(
                    "node {}{}: {reason}\n",
                    label(node),
                    within(parent(node, nodes))
                ));
            }
            Screen::Live { nodes: lines, .. } => {
                if let Some(line) = lines.get(&node.id) {
                    line.say(format!("{}: {}", live(node), cut(&reason)));
                }
            }
        }
    }
}

/// Draws the line of a running node behind that of its predecessor in the tree.
fn draw(ui: &Ui, top: &Line, lines: &mut BTreeMap<String, Line>, node: &Node, nodes: &[Node]) {
    if let Some(line) = lines.get(&node.id) {
        line.say(live(node));
        return count_since(line, node.phase_since);
    }
    let before = nodes.iter().take_while(|other| other.id != node.id);
    let before = before.filter_map(|other| lines.get(&other.id)).last();
    let line = ui.clock_after(before.unwrap_or(top), &live(node));
    count_since(&line, node.phase_since);
    lines.insert(node.id.clone(), line);
}

/// Lets a line count from a time of the server's clock; a future one counts from now.
fn count_since(line: &Line, since: Option<prost_types::Timestamp>) {
    let since = since.and_then(|since| jiff::Timestamp::new(since.seconds, since.nanos).ok());
    let elapsed = since.map(|since| jiff::Timestamp::now().duration_since(since));
    if let Some(elapsed) = elapsed {
        line.count_from(Duration::try_from(elapsed).unwrap_or_default());
    }
}

fn is_running(node: &Node) -> bool {
    !is_node_done(node.phase) && node.phase != node_execution::Phase::Undefined
}

/// Whether the server has reported the reason for longer than [`PATIENCE`].
fn is_old(node: &Node) -> bool {
    let since = node.reason.as_ref().and_then(|reason| reason.since.as_ref());
    let now = jiff::Timestamp::now().as_second();
    since.is_some_and(|since| now.saturating_sub(since.seconds) >= PATIENCE.as_secs().cast_signed())
}

/// Whether a change is worth a line: a new execution or node has no phase yet.
fn has_phase(change: &Change) -> bool {
    match change {
        Change::Execution(phase) => *phase != Phase::Undefined,
        Change::Node(node) => node.phase != node_execution::Phase::Undefined,
    }
}

fn execution_line(execution: &str, phase: Phase, duration: Option<&str>) -> String {
    let comma = if duration.is_some() { ", " } else { "" };
    format!("execution {execution}: {}{comma}{}", phase.as_str_name(), duration.unwrap_or_default())
}

fn parent<'n>(node: &Node, nodes: &'n [Node]) -> Option<&'n Node> {
    nodes.iter().find(|other| other.id == node.parent)
}

/// ` in n0 (train)`.
fn within(parent: Option<&Node>) -> String {
    parent.map(|parent| format!(" in {}", label(parent))).unwrap_or_default()
}

/// A node in a line of its own, with a summary of its error.
fn line(node: &Node, parent: Option<&Node>) -> String {
    let why = node.error.as_ref().or(node.attempt_error.as_ref());
    let why = why.filter(|_| has_failed(node)).map(|error| error_summary(&error.message)).unwrap_or_default();
    let colon = if why.is_empty() { "" } else { ": " };
    format!("node {}{}: {}{colon}{why}", label(node), within(parent), state(node))
}

/// A node in a line below its parent's.
fn live(node: &Node) -> String {
    format!("{}node {}: {}", "  ".repeat(node.depth), label(node), state(node))
}

fn has_failed(node: &Node) -> bool {
    use node_execution::Phase;
    matches!(node.phase, Phase::Failed | Phase::Failing | Phase::TimedOut)
}

/// The progress step of a map task: one for each element, at most [`STEPS`].
fn step(node: &Node) -> usize {
    let Some(elements) = &node.elements else { return 0 };
    let ended = elements.count_in(TaskPhase::Succeeded) + elements.count_in(TaskPhase::Failed);
    let count = elements.count().max(1);
    ended * STEPS.min(count) / count
}

/// A line without the numbers that change with each element.
fn without_elements(line: &str) -> String {
    let parts = line.split(", ").filter(|part| !part.ends_with(" elements") && !part.ends_with(" failed"));
    parts.collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use flyte_client::proto::{
        admin::{
            NodeExecution, NodeExecutionClosure, TaskExecution, TaskExecutionClosure, TaskNodeMetadata,
            node_execution_closure::{OutputResult, TargetMetadata},
        },
        core::{CatalogCacheStatus, ExecutionError, NodeExecutionIdentifier, node_execution::Phase},
        event::{ExternalResourceInfo, TaskExecutionMetadata},
    };

    use super::*;

    fn node(phase: Phase, cache: CatalogCacheStatus, error: Option<&str>) -> Node {
        let task = TaskNodeMetadata { cache_status: cache.into(), ..Default::default() };
        let error = error.map(|message| {
            OutputResult::Error(ExecutionError { message: message.to_owned(), ..Default::default() })
        });
        let closure = NodeExecutionClosure {
            phase: phase.into(),
            duration: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            target_metadata: Some(TargetMetadata::TaskNodeMetadata(task)),
            output_result: error,
            ..Default::default()
        };
        let id = NodeExecutionIdentifier { node_id: "n0".to_owned(), execution_id: None };
        Node::new(NodeExecution { id: Some(id), closure: Some(closure), ..Default::default() }, "", 0)
            .unwrap()
    }

    #[test]
    fn a_cache_hit_is_seen() {
        let hit = node(Phase::Succeeded, CatalogCacheStatus::CacheHit, None);
        assert_eq!(line(&hit, None), "node n0: SUCCEEDED, cached, 1.5s");
    }

    #[test]
    fn a_phase_of_undefined_prints_nothing() {
        use flyte_client::watch;
        let says =
            |phase| has_phase(&Change::Node(Box::new(node(phase, CatalogCacheStatus::CacheDisabled, None))));
        assert!(!says(Phase::Undefined));
        assert!(says(Phase::Queued));
        assert!(!has_phase(&Change::Execution(watch::Phase::Undefined)));
        assert!(has_phase(&Change::Execution(watch::Phase::Queued)));
    }

    #[test]
    fn a_failure_says_why_in_its_line() {
        let traceback = "Trace:\n\n    Traceback:\n      f(x)\n\nMessage:\n\n    ValueError: no 5\n";
        let mut failed = node(Phase::Failed, CatalogCacheStatus::CacheDisabled, Some(traceback));
        failed.attempt = 2;
        failed.name = Some("train".to_owned());
        let mut parent = node(Phase::Failed, CatalogCacheStatus::CacheDisabled, None);
        parent.id = "n3".to_owned();
        assert_eq!(
            line(&failed, Some(&parent)),
            "node n0 (train) in n3: FAILED, attempt 2, 1.5s: ValueError: no 5"
        );
    }

    /// A map task of which so many elements succeeded.
    fn map(done: u32, count: u32) -> Node {
        let mut map = node(Phase::Running, CatalogCacheStatus::CacheDisabled, None);
        map.duration = None;
        let element = |index| ExternalResourceInfo {
            index,
            phase: if index < done { TaskPhase::Succeeded } else { TaskPhase::Running }.into(),
            ..Default::default()
        };
        let metadata = TaskExecutionMetadata {
            external_resources: (0..count).map(element).collect(),
            plugin_identifier: "k8s-array".to_owned(),
            ..Default::default()
        };
        let closure = TaskExecutionClosure { metadata: Some(metadata), ..Default::default() };
        map.take_attempts(&[TaskExecution { closure: Some(closure), ..Default::default() }]);
        map
    }

    #[test]
    fn a_map_task_has_few_lines_however_many_elements_it_has() {
        assert_eq!(line(&map(2, 3), None), "node n0: RUNNING, 2 of 3 elements");
        let steps = |count| {
            let mut steps: Vec<_> = (0..=count).map(|done| step(&map(done, count))).collect();
            steps.dedup();
            steps.len() - 1
        };
        assert_eq!([1, 3, 10, 100].map(steps), [1, 3, 10, 10]);
        let bare = without_elements(&line(&map(2, 3), None));
        assert_eq!(bare, without_elements(&line(&map(1, 3), None)));
    }
}
