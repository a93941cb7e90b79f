//! The interfaces of gates.

use std::collections::BTreeMap;

use flyte_client::proto::core::{GateNode, Node, Variable, gate_node::Condition, node::Target};

use super::{
    binding::{BindingScope, binding_type},
    error::CompileProblem,
    interface::{CheckedNode, Interface},
};

/// Why a gate is invalid.
pub(super) fn problem(gate: &GateNode) -> Option<CompileProblem> {
    match &gate.condition {
        Some(Condition::Signal(signal)) if signal.r#type.is_none() => {
            Some(CompileProblem::NoValue("GateNode.Signal.Type".to_owned()))
        }
        Some(_) => None,
        None => Some(CompileProblem::NoTarget),
    }
}

/// The interface of a gate. The outputs of an approval are its inputs; [`pass_through`] adds them with their
/// types.
pub(super) fn interface(gate: &GateNode) -> Interface {
    let mut interface = Interface::default();
    if let Some(Condition::Signal(signal)) = &gate.condition {
        let variable = Variable { r#type: signal.r#type.clone(), ..Variable::default() };
        interface.outputs.insert(signal.output_variable_name.clone(), variable);
    }
    interface
}

/// Adds the bound inputs of approvals and branches to their interfaces. Approvals of approvals take several
/// rounds.
pub(super) fn pass_through(
    inputs: &BTreeMap<String, Variable>,
    placed: &mut BTreeMap<&str, CheckedNode<'_>>,
) {
    loop {
        let scope = BindingScope { inputs, nodes: placed };
        let open =
            placed.iter().flat_map(|(id, placed)| missing(placed).map(move |var| ((*id).to_owned(), var)));
        let found: Vec<_> =
            open.filter_map(|(id, (var, data))| Some((id, var, binding_type(&scope, data?)?))).collect();
        if found.is_empty() {
            break;
        }
        for (id, var, kind) in found {
            add(placed, &id, var, Variable { r#type: Some(kind), ..Variable::default() });
        }
    }
    // An input without a type is bound to a missing output: the check of bindings reports it.
    let open: Vec<_> = placed
        .iter()
        .flat_map(|(id, placed)| missing(placed).map(move |(var, _)| ((*id).to_owned(), var)))
        .collect();
    for (id, var) in open {
        add(placed, &id, var, Variable::default());
    }
}

/// The bound inputs of an approval or a branch that have no type yet.
fn missing<'p>(
    placed: &'p CheckedNode<'_>,
) -> impl Iterator<Item = (String, Option<&'p flyte_client::proto::core::BindingData>)> {
    let interface = placed.interface.as_ref().filter(|_| takes_what_is_bound(placed.node));
    interface.into_iter().flat_map(|interface| {
        let bindings = placed.node.inputs.iter();
        let open = bindings.filter(|binding| !interface.inputs.contains_key(&binding.var));
        open.map(|binding| (binding.var.clone(), binding.binding.as_ref()))
    })
}

fn takes_what_is_bound(node: &Node) -> bool {
    is_approval(node) || matches!(node.target, Some(Target::BranchNode(_)))
}

fn is_approval(node: &Node) -> bool {
    match &node.target {
        Some(Target::GateNode(gate)) => matches!(gate.condition, Some(Condition::Approve(_))),
        _ => false,
    }
}

fn add(placed: &mut BTreeMap<&str, CheckedNode<'_>>, id: &str, var: String, variable: Variable) {
    let Some(CheckedNode { node, interface: Some(interface) }) = placed.get_mut(id) else { return };
    if is_approval(node) {
        interface.outputs.insert(var.clone(), variable.clone());
    }
    interface.inputs.insert(var, variable);
}
