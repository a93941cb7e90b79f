//! Branch nodes: their cases, conditions and interfaces.

use std::collections::BTreeMap;

use flyte_client::{
    literal,
    proto::core::{
        BooleanExpression, BranchNode, IfBlock, IfElseBlock, LiteralType, Node, Operand, Primitive, Scalar,
        SimpleType, Variable, boolean_expression::Expr, if_else_block::Default as Otherwise,
        literal_type::Type, node::Target, operand, primitive, scalar,
    },
};

use super::{
    error::{CompileErrors, CompileProblem},
    interface::{CheckedNode, Interface},
};

/// The branch, if a node is one.
pub(super) fn branch_of(node: &Node) -> Option<&BranchNode> {
    match &node.target {
        Some(Target::BranchNode(branch)) => Some(branch),
        _ => None,
    }
}

fn blocks(if_else: &IfElseBlock) -> impl Iterator<Item = &IfBlock> {
    if_else.case.iter().map(AsRef::as_ref).chain(&if_else.other)
}

/// The nodes that a branch chooses from.
fn choices(branch: &BranchNode) -> Vec<&Node> {
    let Some(if_else) = &branch.if_else else { return Vec::new() };
    let otherwise = match &if_else.default {
        Some(Otherwise::ElseNode(node)) => Some(node.as_ref()),
        _ => None,
    };
    blocks(if_else).filter_map(|block| block.then_node.as_deref()).chain(otherwise).collect()
}

/// The nodes below a node, at any depth, each before the branch that it belongs to.
pub(super) fn nested(node: &Node) -> Vec<&Node> {
    let choices = branch_of(node).map(choices).unwrap_or_default();
    choices.into_iter().flat_map(|choice| nested(choice).into_iter().chain([choice])).collect()
}

/// Calls a function for each node below a node, with the id of the branch that it belongs to.
pub(super) fn for_each_nested(node: &mut Node, change: &mut impl FnMut(&str, &mut Node)) {
    let Some(Target::BranchNode(branch)) = &mut node.target else { return };
    let Some(if_else) = &mut branch.if_else else { return };
    let blocks = if_else.case.iter_mut().map(AsMut::as_mut).chain(&mut if_else.other);
    let otherwise = match &mut if_else.default {
        Some(Otherwise::ElseNode(node)) => Some(node.as_mut()),
        _ => None,
    };
    let then_nodes = blocks.filter_map(|block| block.then_node.as_deref_mut());
    for choice in then_nodes.chain(otherwise) {
        change(&node.id, choice);
        for_each_nested(choice, change);
    }
}

/// The interface of a branch, without its inputs: these are what is bound. Its outputs are those that all
/// choices have; `placed` has the choices.
pub(super) fn interface(
    node: &Node,
    branch: &BranchNode,
    placed: &BTreeMap<&str, CheckedNode<'_>>,
    errors: &mut CompileErrors,
) -> Option<Interface> {
    let no_value = |field: &str| CompileProblem::NoValue(field.to_owned());
    let case = branch.if_else.as_ref().map(|if_else| if_else.case.as_deref());
    match case {
        None => errors.add(&node.id, no_value("Branch.IfElse")),
        Some(None) => errors.add(&node.id, no_value("Branch.IfElse.Case")),
        Some(Some(IfBlock { then_node: None, .. })) => {
            errors.add(&node.id, no_value("Branch.IfElse.Case.ThenNode"));
        }
        Some(Some(_)) => return common_outputs(branch, placed, errors),
    }
    None
}

fn common_outputs(
    branch: &BranchNode,
    placed: &BTreeMap<&str, CheckedNode<'_>>,
    errors: &mut CompileErrors,
) -> Option<Interface> {
    let interfaces = choices(branch).into_iter().map(|choice| {
        let placed = placed.get(choice.id.as_str());
        Some((choice.id.as_str(), &placed?.interface.as_ref()?.outputs))
    });
    let mut interfaces = interfaces.collect::<Option<Vec<_>>>()?.into_iter();
    let mut outputs = interfaces.next()?.1.clone();
    for (id, others) in interfaces {
        outputs.retain(|name, _| others.contains_key(name));
        for (name, variable) in &outputs {
            if let Some(problem) = mismatch(name, variable, &others[name]) {
                errors.add(id, problem);
            }
        }
    }
    Some(Interface { outputs, ..Interface::default() })
}

/// Two outputs of one name have to accept each other's values.
fn mismatch(name: &str, one: &Variable, other: &Variable) -> Option<CompileProblem> {
    let (one, other) = (one.r#type.clone().unwrap_or_default(), other.r#type.clone().unwrap_or_default());
    let fits = literal::accepts(&one, &other) && literal::accepts(&other, &one);
    (!fits).then(|| CompileProblem::Mismatch {
        variable: name.to_owned(),
        given: literal::type_name(&one),
        expected: literal::type_name(&other),
    })
}

/// Checks the conditions of a branch, and that it has an end for each of them.
pub(super) fn check(node: &CheckedNode<'_>, branch: &BranchNode, errors: &mut CompileErrors) {
    let (id, Some(interface)) = (&node.node.id, &node.interface) else { return };
    let Some(if_else) = &branch.if_else else { return };
    for block in blocks(if_else) {
        check_condition(id, interface, block.condition.as_ref(), errors);
        if block.then_node.is_none() {
            errors.add(id, CompileProblem::NoThenNode);
        }
    }
    if if_else.default.is_none() {
        errors.add(id, CompileProblem::NoDefault);
    }
}

fn check_condition(
    id: &str,
    interface: &Interface,
    condition: Option<&BooleanExpression>,
    errors: &mut CompileErrors,
) {
    let Some(condition) = condition else {
        errors.add(id, CompileProblem::NoCondition);
        return;
    };
    match &condition.expr {
        None => errors.add(id, CompileProblem::NoValue("Expr".to_owned())),
        Some(Expr::Conjunction(both)) => {
            check_condition(id, interface, both.left_expression.as_deref(), errors);
            check_condition(id, interface, both.right_expression.as_deref(), errors);
        }
        Some(Expr::Comparison(comparison)) => {
            let right = operand_type("RightValue", interface, comparison.right_value.as_ref());
            let left = operand_type("LeftValue", interface, comparison.left_value.as_ref());
            match (right, left) {
                (Ok(right), Ok(left)) if !can_be_compared(&right, &left) => {
                    let (given, expected) = (literal::type_name(&right), literal::type_name(&left));
                    let variable = "RightValue".to_owned();
                    errors.add(id, CompileProblem::Mismatch { variable, given, expected });
                }
                (right, left) => [right.err(), left.err()]
                    .into_iter()
                    .flatten()
                    .for_each(|operand| errors.add(id, operand.problem(id))),
            }
        }
    }
}

/// What is wrong with an operand.
enum OperandProblem {
    Missing(String),
    UnknownInput(String),
}

impl OperandProblem {
    fn problem(self, node: &str) -> CompileProblem {
        match self {
            Self::Missing(field) => CompileProblem::NoValue(field),
            Self::UnknownInput(variable) => {
                CompileProblem::MissingVariable { variable, node: node.to_owned() }
            }
        }
    }
}

fn operand_type(
    field: &str,
    interface: &Interface,
    operand: Option<&Operand>,
) -> Result<LiteralType, OperandProblem> {
    let operand = operand.ok_or_else(|| OperandProblem::Missing(field.to_owned()))?;
    #[expect(deprecated, reason = "flytekit still writes primitives")]
    match &operand.val {
        Some(operand::Val::Primitive(primitive)) => Ok(primitive_type(primitive)),
        Some(operand::Val::Scalar(Scalar { value: Some(value) })) => match value {
            scalar::Value::Primitive(primitive) => Ok(primitive_type(primitive)),
            scalar::Value::NoneType(_) => Ok(simple(SimpleType::None)),
            _ => Err(OperandProblem::Missing(format!("{field}.Val"))),
        },
        Some(operand::Val::Var(name)) if !name.is_empty() => {
            let input = interface.inputs.get(name);
            let input = input.ok_or_else(|| OperandProblem::UnknownInput(name.clone()))?;
            Ok(input.r#type.clone().unwrap_or_default())
        }
        _ => Err(OperandProblem::Missing(format!("{field}.Val"))),
    }
}

fn primitive_type(primitive: &Primitive) -> LiteralType {
    use primitive::Value;
    let simple = match &primitive.value {
        Some(Value::Integer(_)) => SimpleType::Integer,
        Some(Value::FloatValue(_)) => SimpleType::Float,
        Some(Value::StringValue(_)) => SimpleType::String,
        Some(Value::Boolean(_)) => SimpleType::Boolean,
        Some(Value::Datetime(_)) => SimpleType::Datetime,
        Some(Value::Duration(_)) => SimpleType::Duration,
        None => SimpleType::None,
    };
    self::simple(simple)
}

fn simple(simple: SimpleType) -> LiteralType {
    LiteralType { r#type: Some(Type::Simple(simple.into())), ..LiteralType::default() }
}

/// Whether two types have values that can be compared: one type, or variants of a union.
fn can_be_compared(one: &LiteralType, other: &LiteralType) -> bool {
    literal::type_name(one) == literal::type_name(other)
        || [(one, other), (other, one)].iter().any(|(union, kind)| match &union.r#type {
            Some(Type::UnionType(union)) => {
                union.variants.iter().any(|variant| literal::type_name(variant) == literal::type_name(kind))
            }
            _ => false,
        })
}

/// The nodes of a workflow, its failure node and everything below them.
pub(super) fn with_nested<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> impl Iterator<Item = &'n Node> {
    nodes.into_iter().flat_map(|node| nested(node).into_iter().chain([node]))
}
