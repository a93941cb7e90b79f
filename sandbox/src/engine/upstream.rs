//! Which nodes a node waits for.

use std::collections::BTreeSet;

use flyte_client::proto::core::{self, BindingData, binding_data, if_else_block::Default as Otherwise};

use crate::compile::START;

/// The ids of the nodes that a node waits for: those named as upstream, and those that its bindings promise.
pub(super) fn upstream(node: &core::Node) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = node.upstream_node_ids.iter().map(String::as_str).collect();
    for data in node.inputs.iter().filter_map(|binding| binding.binding.as_ref()) {
        add_promises(data, &mut names);
    }
    // What the nodes of a branch need, the branch waits for.
    let choices = choices(node);
    let inner: BTreeSet<&str> = choices.iter().map(|choice| choice.id.as_str()).collect();
    names.extend(choices.into_iter().flat_map(upstream).filter(|id| !inner.contains(id)));
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

/// The nodes that a branch chooses from; none for other nodes.
fn choices(node: &core::Node) -> Vec<&core::Node> {
    let Some(core::node::Target::BranchNode(branch)) = &node.target else { return Vec::new() };
    let Some(if_else) = &branch.if_else else { return Vec::new() };
    let blocks = if_else.case.iter().map(AsRef::as_ref).chain(&if_else.other);
    let otherwise = match &if_else.default {
        Some(Otherwise::ElseNode(node)) => Some(node.as_ref()),
        _ => None,
    };
    blocks.filter_map(|block| block.then_node.as_deref()).chain(otherwise).collect()
}
