//! The order in which changes are reported.

use super::node::{Node, is_node_done};

/// The nodes that changed: one that is running before those within it, one that ended behind them.
///
/// `nodes` are in the order of the tree, those within a node behind it.
pub(super) fn beginnings_before_ends(nodes: &[Node], is_changed: impl Fn(&Node) -> bool) -> Vec<&Node> {
    let mut ordered = Vec::new();
    let mut ended: Vec<&Node> = Vec::new();
    for node in nodes {
        while ended.last().is_some_and(|above| above.depth >= node.depth) {
            ordered.extend(ended.pop());
        }
        if is_changed(node) {
            let list = if is_node_done(node.phase) { &mut ended } else { &mut ordered };
            list.push(node);
        }
    }
    ordered.extend(ended.into_iter().rev());
    ordered
}
