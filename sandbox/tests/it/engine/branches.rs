//! Branch nodes.

use flyte_client::proto::core::{
    self, BooleanExpression, BranchNode, ComparisonExpression, IfBlock, IfElseBlock, Node, Operand,
    Primitive, Scalar, boolean_expression::Expr, comparison_expression::Operator, if_else_block,
    node::Target, operand, primitive, scalar, workflow_execution::Phase,
};

use super::{
    build::{Workflow, binding, interface, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

/// `variable operator number`.
fn compare(variable: &str, operator: Operator, number: i64) -> BooleanExpression {
    let primitive = Primitive { value: Some(primitive::Value::Integer(number)) };
    let number = Scalar { value: Some(scalar::Value::Primitive(primitive)) };
    let comparison = ComparisonExpression {
        operator: operator.into(),
        left_value: Some(Operand { val: Some(operand::Val::Var(variable.to_owned())) }),
        right_value: Some(Operand { val: Some(operand::Val::Scalar(number)) }),
    };
    BooleanExpression { expr: Some(Expr::Comparison(comparison)) }
}

fn block(condition: BooleanExpression, then: Node) -> IfBlock {
    IfBlock { condition: Some(condition), then_node: Some(Box::new(then)) }
}

fn branch(id: &str, inputs: &[&str], case: IfBlock, default: if_else_block::Default) -> Node {
    let if_else = IfElseBlock { case: Some(Box::new(case)), other: Vec::new(), default: Some(default) };
    Node {
        id: id.to_owned(),
        inputs: inputs.iter().map(|text| binding(text)).collect(),
        target: Some(Target::BranchNode(Box::new(BranchNode { if_else: Some(Box::new(if_else)) }))),
        ..Node::default()
    }
}

/// Adds one to `a`, the output of `n0`, if `x` is above 5; else ends with `a`, or fails.
fn choosing(fixture: &Fixture, otherwise: impl FnOnce(Node) -> if_else_block::Default) -> Workflow {
    let script = "echo $(({{.inputs.x}} + 1)) > /var/outputs/o";
    let inc = task("inc", interface(&["x: int"], &["o: int"]), script).on(fixture);
    let same =
        task("same", interface(&["x: int"], &["o: int"]), "echo {{.inputs.x}} > /var/outputs/o").on(fixture);
    let case = block(compare("x", Operator::Gt, 5), node("n0", &inc, &["x = n0.o"]));
    let default = otherwise(node("n1", &same, &["x = n0.o"]));
    let nodes = vec![
        node("n0", &inc, &["x = .x"]),
        branch("n1", &["x = .x"], case, default),
        node("n2", &inc, &["x = n1.o"]),
    ];
    workflow("choosing", interface(&["x: int"], &["o: int"]), nodes, &["o = n2.o"])
}

fn else_node(node: Node) -> if_else_block::Default {
    if_else_block::Default::ElseNode(Box::new(node))
}

#[test]
fn the_chosen_node_runs_with_the_outputs_around_it() {
    let fixture = Fixture::new();
    let plan = choosing(&fixture, else_node).on(&fixture);
    for (x, outputs, chosen) in [("x = 7", "o=10", "n1-0-n1-n0"), ("x = 2", "o=4", "n1-0-n1-n1")] {
        let execution = fixture.launch(&plan, "", values(&[x]));
        let end = fixture.end(&execution);
        assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
        assert_eq!(shown(&fixture.outputs(&execution)), outputs);
        let below = fixture.node_executions(&execution, "n1");
        let below: Vec<_> = below.into_iter().map(|node| node.id.unwrap().node_id).collect();
        assert_eq!(below, [chosen], "nodes that are not chosen have no record");
    }
}

#[test]
fn a_branch_may_end_with_an_error() {
    let fixture = Fixture::new();
    let error_of_branch =
        core::Error { message: "x is too small".to_owned(), failed_node_id: "fail".to_owned() };
    let plan = choosing(&fixture, |_| if_else_block::Default::Error(error_of_branch)).on(&fixture);
    let end = fixture.end(&fixture.launch(&plan, "small", values(&["x = 1"])));
    assert_eq!(phase(&end), Phase::Failed);
    assert_eq!(error(&end), "UserProvidedError (USER): [UserProvidedError] x is too small");
}
