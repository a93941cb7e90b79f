//! A workflow as a graph in the DOT language of Graphviz.

mod condition;

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
            self.cases(node, prefix, &indent);
        }
        for (from, to) in edges(template, workflow.connections.as_ref()) {
            let (from, to) = (format!("{prefix}{from}"), format!("{prefix}{to}"));
            let _ = writeln!(self.text, "{indent}{} -> {};", quoted(&from), quoted(&to));
        }
    }

    /// What a branch node leads to, with the conditions on the edges.
    fn cases(&mut self, node: &Node, prefix: &str, indent: &str) {
        let id = quoted(&format!("{prefix}{}", node.id));
        for Case { condition, then } in cases(node) {
            let to = match then {
                Then::Node(inner) => quoted(&format!("{prefix}{}", inner.id)),
                Then::Fail(message) => {
                    let to = quoted(&format!("{prefix}{}-error", node.id));
                    let label = quoted(message);
                    let _ = writeln!(self.text, "{indent}{to} [label={label}, shape=box, color=red];");
                    to
                }
            };
            let _ = writeln!(self.text, "{indent}{id} -> {to} [label={}];", quoted(&condition));
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
        open.extend(cases(node).into_iter().filter_map(|case| match case.then {
            Then::Node(inner) => Some(inner),
            Then::Fail(_) => None,
        }));
        nodes.push(node);
    }
    nodes
}

/// One of the ways out of a branch node.
struct Case<'n> {
    /// As flytectl labels the edge.
    condition: String,
    then: Then<'n>,
}

enum Then<'n> {
    Node(&'n Node),
    /// The execution fails with this message.
    Fail(&'n str),
}

/// What a branch may lead to, in the order in which the conditions are tried.
fn cases(node: &Node) -> Vec<Case<'_>> {
    let Some(Target::BranchNode(branch)) = &node.target else { return Vec::new() };
    let Some(block) = &branch.if_else else { return Vec::new() };
    let blocks = block.case.as_deref().into_iter().chain(&block.other);
    let cases = blocks.filter_map(|case| {
        let condition = case.condition.as_ref().map(condition::text).unwrap_or_default();
        Some(Case { condition, then: Then::Node(case.then_node.as_deref()?) })
    });
    let otherwise = block.default.as_ref().map(|default| match default {
        if_else_block::Default::ElseNode(inner) => {
            Case { condition: "orElse".to_owned(), then: Then::Node(inner) }
        }
        if_else_block::Default::Error(error) => {
            Case { condition: "orElse - Fail".to_owned(), then: Then::Fail(&error.message) }
        }
    });
    cases.chain(otherwise).collect()
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
    use crate::proto::core::{
        BooleanExpression, BranchNode, ComparisonExpression, Error, Identifier, IfBlock, IfElseBlock,
        NodeMetadata, Operand, Primitive, Scalar, TaskNode, WorkflowNode, boolean_expression::Expr,
        comparison_expression::Operator, connection_set, operand, primitive, scalar,
    };

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

    fn compare(variable: &str, operator: Operator, number: i64) -> BooleanExpression {
        let number = Primitive { value: Some(primitive::Value::Integer(number)) };
        let number = Scalar { value: Some(scalar::Value::Primitive(number)) };
        BooleanExpression {
            expr: Some(Expr::Comparison(ComparisonExpression {
                operator: operator.into(),
                left_value: Some(Operand { val: Some(operand::Val::Var(variable.to_owned())) }),
                right_value: Some(Operand { val: Some(operand::Val::Scalar(number)) }),
            })),
        }
    }

    fn branch(default: if_else_block::Default) -> Node {
        let case = |condition, name: &str| IfBlock {
            condition: Some(condition),
            then_node: Some(Box::new(node(name, task("big")))),
        };
        let block = IfElseBlock {
            case: Some(Box::new(case(compare(".x", Operator::Gt, 3), "n0-n0"))),
            other: vec![case(compare(".x", Operator::Eq, 1), "n0-n1")],
            default: Some(default),
        };
        node("n0", Some(Target::BranchNode(Box::new(BranchNode { if_else: Some(Box::new(block)) }))))
    }

    fn drawn(node: Node) -> String {
        let primary = Some(compiled("w", vec![node], &[("start-node", &["n0"])]));
        dot(&CompiledWorkflowClosure { primary, ..Default::default() })
    }

    #[test]
    fn conditions_stand_on_the_edges() {
        let fails = if_else_block::Default::Error(Error {
            message: "too \"small\"".to_owned(),
            ..Default::default()
        });
        snapbox::assert_data_eq!(
            drawn(branch(fails)),
            snapbox::str![[r#"
digraph "w" {
  rankdir=TB;
  node [shape=box];
  "n0" [label="n0", shape=diamond];
  "n0" -> "n0-n0" [label=".x GT 3"];
  "n0" -> "n0-n1" [label=".x EQ 1"];
  "n0-error" [label="too \"small\"", shape=box, color=red];
  "n0" -> "n0-error" [label="orElse - Fail"];
  "n0-n0" [label="n0-n0\nbig", shape=box];
  "n0-n1" [label="n0-n1\nbig", shape=box];
  "start-node" -> "n0";
}

"#]]
            .raw()
        );
        let fallback = if_else_block::Default::ElseNode(Box::new(node("n0-n2", task("small"))));
        snapbox::assert_data_eq!(
            drawn(branch(fallback)),
            snapbox::str![[r#"
digraph "w" {
  rankdir=TB;
  node [shape=box];
  "n0" [label="n0", shape=diamond];
  "n0" -> "n0-n0" [label=".x GT 3"];
  "n0" -> "n0-n1" [label=".x EQ 1"];
  "n0" -> "n0-n2" [label="orElse"];
  "n0-n0" [label="n0-n0\nbig", shape=box];
  "n0-n1" [label="n0-n1\nbig", shape=box];
  "n0-n2" [label="n0-n2\nsmall", shape=box];
  "start-node" -> "n0";
}

"#]]
            .raw()
        );
    }
}
