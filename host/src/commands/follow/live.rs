//! What is seen while an execution is followed: on a terminal a line for each node at work, below those that
//! are done; elsewhere a plain line for each change.

use std::collections::BTreeMap;

use remote::{
    proto::core::node_execution,
    watch::{Change, Node, Phase, is_node_done},
};

use super::super::{execution::show::told, show::in_a_line};
use crate::cli::{
    output::{self, Stream},
    progress::{self, Line},
};

/// What is seen.
pub(super) enum View {
    /// For a file or a pipe.
    Lines { execution: String },
    /// For a person.
    Live { execution: String, top: Line, nodes: BTreeMap<String, Line> },
}

impl View {
    pub(super) fn new(execution: &str) -> Self {
        let execution = execution.to_owned();
        if !Stream::Err.is_terminal() {
            return Self::Lines { execution };
        }
        let top = progress::clock(&format!("execution {execution}"));
        Self::Live { execution, top, nodes: BTreeMap::new() }
    }

    /// Shows a change.
    pub(super) fn show(&mut self, change: &Change) {
        if !says_something(change) {
            return;
        }
        match self {
            Self::Lines { execution } => output::note(&format!("{}\n", sentence(execution, change))),
            Self::Live { execution, top, nodes } => match change {
                Change::Execution(_) => top.say(sentence(execution, change)),
                Change::Node(node) if is_node_done(node.phase) => {
                    nodes.remove(&node.id);
                    output::note(&format!("{}\n", of_node(node)));
                }
                Change::Node(node) => {
                    nodes.entry(node.id.clone()).or_insert_with(|| progress::clock("")).say(of_node(node));
                }
            },
        }
    }
}

/// What was only just made is in no phase yet, which is no news.
fn says_something(change: &Change) -> bool {
    match change {
        Change::Execution(phase) => *phase != Phase::Undefined,
        Change::Node(node) => node.phase != node_execution::Phase::Undefined,
    }
}

fn sentence(execution: &str, change: &Change) -> String {
    match change {
        Change::Execution(phase) => format!("execution {execution}: {}", phase.as_str_name()),
        Change::Node(node) => of_node(node),
    }
}

/// A node in a line: where it failed, the beginning of why.
fn of_node(node: &Node) -> String {
    let told = told(node);
    let (first, why) = told.split_once('\n').unwrap_or((&told, ""));
    let why = in_a_line(why);
    let colon = if why.is_empty() { "" } else { ": " };
    format!("{}node {}: {first}{colon}{why}", "  ".repeat(node.depth), node.id)
}

#[cfg(test)]
mod tests {
    use remote::proto::{
        admin::{
            NodeExecution, NodeExecutionClosure, TaskNodeMetadata,
            node_execution_closure::{OutputResult, TargetMetadata},
        },
        core::{CatalogCacheStatus, ExecutionError, NodeExecutionIdentifier, node_execution::Phase},
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
        assert_eq!(of_node(&hit), "node n0: SUCCEEDED, cached, 1.5s");
    }

    #[test]
    fn what_was_only_just_made_is_no_news() {
        use remote::watch;
        let says = |phase| {
            says_something(&Change::Node(Box::new(node(phase, CatalogCacheStatus::CacheDisabled, None))))
        };
        assert!(!says(Phase::Undefined));
        assert!(says(Phase::Queued));
        assert!(!says_something(&Change::Execution(watch::Phase::Undefined)));
        assert!(says_something(&Change::Execution(watch::Phase::Queued)));
    }

    #[test]
    fn a_failure_says_why_in_its_line() {
        let mut failed =
            node(Phase::Failed, CatalogCacheStatus::CacheDisabled, Some("no such file\nTraceback"));
        failed.attempt = 2;
        failed.depth = 1;
        assert_eq!(of_node(&failed), "  node n0: FAILED, attempt 2, 1.5s: no such file");
    }
}
