//! One node at work.

use std::{collections::BTreeSet, sync::Arc};

use flyte_client::proto::core::{self, BindingData, binding_data, node_execution::Phase, task_execution};

use crate::{
    engine::{node::Kind, program::START},
    store::{node_execution::NodeExecution, task_execution::TaskExecution},
};

/// A node at work, or one that waits for others.
pub(crate) struct Node {
    pub(crate) scope: usize,
    pub(crate) spec: Arc<core::Node>,
    pub(crate) kind: Kind,
    pub(crate) record: NodeExecution,
    pub(crate) attempts: Vec<TaskExecution>,
    /// How many upstream nodes have not succeeded yet.
    pub(crate) waits_for: usize,
    pub(crate) downstream: Vec<usize>,
}

impl Node {
    pub(crate) fn phase(&self) -> Phase {
        self.record.closure.phase()
    }

    /// Whether it was begun and is not over.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.phase(), Phase::Queued | Phase::Running | Phase::Failing | Phase::DynamicRunning)
    }

    pub(crate) fn has_succeeded(&self) -> bool {
        matches!(self.phase(), Phase::Succeeded | Phase::Recovered | Phase::Skipped)
    }

    /// The number of the attempt that is at work.
    pub(crate) fn running_attempt(&self) -> Option<u32> {
        let last = self.attempts.last()?;
        (last.closure.phase() == task_execution::Phase::Running).then_some(last.attempt)
    }
}

/// The nodes that a node needs.
pub(crate) fn upstream(node: &core::Node) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = node.upstream_node_ids.iter().map(String::as_str).collect();
    for data in node.inputs.iter().filter_map(|binding| binding.binding.as_ref()) {
        add_promises(data, &mut names);
    }
    names.remove(START);
    names.remove("");
    names
}

fn add_promises<'a>(data: &'a BindingData, names: &mut BTreeSet<&'a str>) {
    match &data.value {
        Some(binding_data::Value::Promise(promise)) => {
            names.insert(&promise.node_id);
        }
        Some(binding_data::Value::Collection(items)) => {
            items.bindings.iter().for_each(|item| add_promises(item, names));
        }
        Some(binding_data::Value::Map(items)) => {
            items.bindings.values().for_each(|item| add_promises(item, names));
        }
        _ => {}
    }
}
