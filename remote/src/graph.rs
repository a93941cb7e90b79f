//! A workflow as a graph in the DOT language of Graphviz.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::proto::core::{
    CompiledWorkflow, CompiledWorkflowClosure, ConnectionSet, Node, WorkflowTemplate, if_else_block,
    node::Target, task_node, workflow_node::Reference,
};

/// Draws a compiled workflow; sub-workflows are drawn inside their nodes.
#[must_use]
pub fn dot(closure: &CompiledWorkflowClosure) -> String {
    let mut graph = Graph { closure, text: String::new() };
    let name = closure.primary.as_ref().and_then(template_name).unwrap_or_default();
    let _ = writeln!(graph.text, "digraph {} {{\n  rankdir=TB;\n  node [shape=box];", quoted(name));
    if let Some(primary) = &closure.primary {
        graph.workflow(primary, "", 1, &mut BTreeSet::new());
    }
    graph.text + "}\n"
}

fn template_name(workflow: &CompiledWorkflow) -> Option<&str> {
    Some(workflow.template.as_ref()?.id.as_ref()?.name.as_str())
}

struct Graph<'c> {
    closure: &'c CompiledWorkflowClosure,
    text: String,
}

impl<'c> Graph<'c> {
    /// `above` holds the workflows that this one is within, so that one that holds itself ends.
    fn workflow(
        &mut self,
        workflow: &'c CompiledWorkflow,
        prefix: &str,
        depth: usize,
        above: &mut BTreeSet<&'c str>,
    ) {
        let Some(template) = &workflow.template else { return };
        let indent = "  ".repeat(depth);
        for node in all_nodes(template) {
            let id = format!("{prefix}{}", node.id);
            let _ = writeln!(self.text, "{indent}{} [{}];", quoted(&id), attributes(node));
            if let Some(inner) = self.sub_workflow(node)
                && let Some(name) = template_name(inner)
                && above.insert(name)
            {
                let _ = writeln!(self.text, "{indent}subgraph {} {{", quoted(&format!("cluster_{id}")));
                let _ = writeln!(self.text, "{indent}  label={};", quoted(name));
                self.workflow(inner, &format!("{id}/"), depth + 1, above);
                let _ = writeln!(self.text, "{indent}}}");
                let start = quoted(&format!("{id}/start-node"));
                let _ = writeln!(self.text, "{indent}{} -> {start} [style=dashed];", quoted(&id));
                above.remove(name);
            }
            for (branch, label) in branches(node) {
                let _ = writeln!(
                    self.text,
                    "{indent}{} -> {} [label={}];",
                    quoted(&id),
                    quoted(&format!("{prefix}{}", branch.id)),
                    quoted(&label)
                );
            }
        }
        for (from, to) in edges(template, workflow.connections.as_ref()) {
            let (from, to) = (format!("{prefix}{from}"), format!("{prefix}{to}"));
            let _ = writeln!(self.text, "{indent}{} -> {};", quoted(&from), quoted(&to));
        }
    }

    fn sub_workflow(&self, node: &Node) -> Option<&'c CompiledWorkflow> {
        let Some(Target::WorkflowNode(workflow)) = &node.target else { return None };
        let Some(Reference::SubWorkflowRef(id)) = &workflow.reference else { return None };
        let is_it = |other: &&CompiledWorkflow| {
            other.template.as_ref().and_then(|template| template.id.as_ref()) == Some(id)
        };
        self.closure.sub_workflows.iter().find(is_it)
    }
}

/// The nodes of a workflow, those within branches and the one for failures included.
fn all_nodes(template: &WorkflowTemplate) -> Vec<&Node> {
    let mut open: Vec<&Node> = template.nodes.iter().chain(&template.failure_node).collect();
    let mut nodes = Vec::new();
    while !open.is_empty() {
        let node = open.remove(0);
        open.extend(branches(node).into_iter().map(|(inner, _)| inner));
        nodes.push(node);
    }
    nodes
}

/// What a branch may lead to, and when.
fn branches(node: &Node) -> Vec<(&Node, String)> {
    let Some(Target::BranchNode(branch)) = &node.target else { return Vec::new() };
    let Some(block) = &branch.if_else else { return Vec::new() };
    let cases =
        block.case.as_deref().into_iter().chain(&block.other).filter_map(|case| case.then_node.as_deref());
    let mut found: Vec<_> =
        cases.enumerate().map(|(index, inner)| (inner, format!("case {}", index + 1))).collect();
    if let Some(if_else_block::Default::ElseNode(inner)) = &block.default {
        found.push((inner, "else".to_owned()));
    }
    found
}

/// The edges: as the compiler says, else as the nodes do.
fn edges<'w>(
    template: &'w WorkflowTemplate,
    connections: Option<&'w ConnectionSet>,
) -> BTreeSet<(&'w str, &'w str)> {
    if let Some(connections) = connections.filter(|connections| !connections.downstream.is_empty()) {
        let pairs =
            connections.downstream.iter().flat_map(|(from, to)| to.ids.iter().map(move |to| (from, to)));
        return pairs.map(|(from, to)| (from.as_str(), to.as_str())).collect();
    }
    let pairs = template
        .nodes
        .iter()
        .flat_map(|node| node.upstream_node_ids.iter().map(move |from| (from, &node.id)));
    pairs.map(|(from, to)| (from.as_str(), to.as_str())).collect()
}

fn attributes(node: &Node) -> String {
    let name = node.metadata.as_ref().map(|metadata| metadata.name.as_str()).filter(|name| !name.is_empty());
    let (shape, target) = match &node.target {
        Some(Target::TaskNode(task)) => {
            let name = task.reference.as_ref().map(|task_node::Reference::ReferenceId(id)| id.name.clone());
            ("box", name.unwrap_or_default())
        }
        Some(Target::WorkflowNode(workflow)) => match &workflow.reference {
            Some(Reference::LaunchplanRef(id)) => ("component", id.name.clone()),
            Some(Reference::SubWorkflowRef(id)) => ("folder", id.name.clone()),
            None => ("folder", String::new()),
        },
        Some(Target::BranchNode(_)) => ("diamond", String::new()),
        Some(Target::GateNode(_)) => ("octagon", String::new()),
        Some(Target::ArrayNode(_)) => ("box3d", String::new()),
        None => ("circle", String::new()),
    };
    let label = [name.unwrap_or(&node.id), &target];
    let label: Vec<&str> = label.into_iter().filter(|part| !part.is_empty()).collect();
    let label = if label.len() == 2 && label[0] == label[1] { label[0].to_owned() } else { label.join("\n") };
    format!("label={}, shape={shape}", quoted(&label))
}

/// A string of the DOT language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use snapbox::IntoData as _;

    use super::*;
    use crate::proto::core::{Identifier, NodeMetadata, TaskNode, WorkflowNode, connection_set};

    fn id(name: &str) -> Identifier {
        Identifier { name: name.to_owned(), ..Default::default() }
    }

    fn node(name: &str, target: Option<Target>) -> Node {
        Node { id: name.to_owned(), target, ..Default::default() }
    }

    fn task(name: &str) -> Option<Target> {
        let reference = Some(task_node::Reference::ReferenceId(id(name)));
        Some(Target::TaskNode(TaskNode { reference, overrides: None }))
    }

    fn compiled(name: &str, nodes: Vec<Node>, edges: &[(&str, &[&str])]) -> CompiledWorkflow {
        let downstream: BTreeMap<_, _> = edges
            .iter()
            .map(|(from, to)| {
                let ids = to.iter().map(|&to| to.to_owned()).collect();
                ((*from).to_owned(), connection_set::IdList { ids })
            })
            .collect();
        CompiledWorkflow {
            template: Some(WorkflowTemplate { id: Some(id(name)), nodes, ..Default::default() }),
            connections: Some(ConnectionSet { downstream, ..Default::default() }),
        }
    }

    #[test]
    fn a_graph_shows_nodes_edges_and_what_is_within() {
        let sub = WorkflowNode { reference: Some(Reference::SubWorkflowRef(id("inner"))) };
        let named = Node {
            metadata: Some(NodeMetadata { name: "load \"it\"".to_owned(), ..Default::default() }),
            ..node("n0", task("load"))
        };
        let closure = CompiledWorkflowClosure {
            primary: Some(compiled(
                "outer",
                vec![
                    node("start-node", None),
                    named,
                    node("n1", Some(Target::WorkflowNode(sub))),
                    node("end-node", None),
                ],
                &[("start-node", &["n0"]), ("n0", &["n1"]), ("n1", &["end-node"])],
            )),
            sub_workflows: vec![compiled(
                "inner",
                vec![node("start-node", None), node("n0", task("n0"))],
                &[("start-node", &["n0"])],
            )],
            ..Default::default()
        };
        snapbox::assert_data_eq!(
            dot(&closure),
            snapbox::str![[r#"
digraph "outer" {
  rankdir=TB;
  node [shape=box];
  "start-node" [label="start-node", shape=circle];
  "n0" [label="load \"it\"\nload", shape=box];
  "n1" [label="n1\ninner", shape=folder];
  subgraph "cluster_n1" {
    label="inner";
    "n1/start-node" [label="start-node", shape=circle];
    "n1/n0" [label="n0", shape=box];
    "n1/start-node" -> "n1/n0";
  }
  "n1" -> "n1/start-node" [style=dashed];
  "end-node" [label="end-node", shape=circle];
  "n0" -> "n1";
  "n1" -> "end-node";
  "start-node" -> "n0";
}

"#]]
            .raw()
        );
    }
}
