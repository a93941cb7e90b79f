//! Conditions of branches, as flytectl's graphs have them: `.x GT 3`, `(.x EQ 1) AND (.y EQ true)`.

use crate::{
    literal,
    proto::core::{
        BooleanExpression, ComparisonExpression, ConjunctionExpression, Literal, Operand, Scalar,
        boolean_expression::Expr, literal::Value, operand::Val, scalar,
    },
};

/// A condition in one line; empty for an empty one.
pub(super) fn text(condition: &BooleanExpression) -> String {
    match &condition.expr {
        Some(Expr::Comparison(comparison)) => compared(comparison),
        Some(Expr::Conjunction(conjunction)) => joined(conjunction),
        None => String::new(),
    }
}

fn compared(comparison: &ComparisonExpression) -> String {
    let side = |operand: &Option<Operand>| operand.as_ref().map(operand_text).unwrap_or_default();
    let operator = comparison.operator().as_str_name();
    format!("{} {operator} {}", side(&comparison.left_value), side(&comparison.right_value))
}

fn joined(conjunction: &ConjunctionExpression) -> String {
    let side = |side: &Option<Box<BooleanExpression>>| side.as_deref().map(text).unwrap_or_default();
    let operator = conjunction.operator().as_str_name();
    format!("({}) {operator} ({})", side(&conjunction.left_expression), side(&conjunction.right_expression))
}

#[expect(deprecated, reason = "flytekit sends numbers and texts in the old field")]
fn operand_text(operand: &Operand) -> String {
    match &operand.val {
        Some(Val::Var(variable)) => variable.clone(),
        Some(Val::Primitive(primitive)) => {
            scalar_text(Scalar { value: Some(scalar::Value::Primitive(primitive.clone())) })
        }
        Some(Val::Scalar(scalar)) => scalar_text(scalar.clone()),
        None => String::new(),
    }
}

fn scalar_text(scalar: Scalar) -> String {
    let literal = Literal { value: Some(Value::Scalar(Box::new(scalar))), ..Literal::default() };
    match literal::to_json(&literal) {
        serde_json::Value::String(text) => text,
        value => value.to_string(),
    }
}
