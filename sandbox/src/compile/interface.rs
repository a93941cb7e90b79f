//! Nodes with their inputs and outputs.

use std::collections::{BTreeMap, BTreeSet};

use flyte_client::proto::core::{Node, TypedInterface, Variable, VariableMap};

/// The node that stands for the workflow's inputs.
pub(crate) const START: &str = "start-node";
/// The node that stands for its outputs.
pub(crate) const END: &str = "end-node";

/// A node with the interface of its target.
pub(super) struct CheckedNode<'a> {
    pub(super) node: &'a Node,
    /// `None` if the entity that it refers to is missing, which is reported already.
    pub(super) interface: Option<Interface>,
}

/// The inputs and outputs of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Interface {
    pub(super) inputs: BTreeMap<String, Variable>,
    pub(super) outputs: BTreeMap<String, Variable>,
    /// Inputs that have a value without a binding.
    pub(super) optional: BTreeSet<String>,
}

impl Interface {
    pub(super) fn from_typed(interface: Option<&TypedInterface>) -> Self {
        let variables =
            |map: Option<&VariableMap>| map.map_or_else(BTreeMap::new, |map| map.variables.clone());
        Self {
            inputs: variables(interface.and_then(|interface| interface.inputs.as_ref())),
            outputs: variables(interface.and_then(|interface| interface.outputs.as_ref())),
            optional: BTreeSet::new(),
        }
    }
}
