//! Evaluates the conditions of branches, as flytepropeller does
//! (`flytepropeller/pkg/controller/nodes/branch`).

use std::cmp::Ordering;

use flyte_client::proto::core::{
    BooleanExpression, ComparisonExpression, Literal, LiteralMap, Operand, Primitive, Scalar,
    boolean_expression::Expr, comparison_expression::Operator, conjunction_expression::LogicalOperator,
    literal, operand, primitive, scalar,
};

/// Whether a condition holds.
///
/// # Errors
///
/// Why it cannot be evaluated.
pub(super) fn holds(condition: &BooleanExpression, inputs: &LiteralMap) -> Result<bool, String> {
    match &condition.expr {
        Some(Expr::Conjunction(both)) => {
            let side = |side: Option<&BooleanExpression>| {
                side.map_or_else(|| Err("a condition lacks a side".to_owned()), |side| holds(side, inputs))
            };
            let left = side(both.left_expression.as_deref())?;
            match both.operator() {
                LogicalOperator::And => Ok(left && side(both.right_expression.as_deref())?),
                LogicalOperator::Or => Ok(left || side(both.right_expression.as_deref())?),
            }
        }
        Some(Expr::Comparison(comparison)) => compare(comparison, inputs),
        None => Err("a condition is empty".to_owned()),
    }
}

fn compare(comparison: &ComparisonExpression, inputs: &LiteralMap) -> Result<bool, String> {
    let left = value(comparison.left_value.as_ref(), inputs)?;
    let right = value(comparison.right_value.as_ref(), inputs)?;
    let operator = comparison.operator();
    let ordering = match (&left, &right) {
        (Some(left), Some(right)) => order(left, right)?,
        // Nothing equals nothing only.
        (None, None) => Some(Ordering::Equal),
        _ if matches!(operator, Operator::Eq | Operator::Neq) => None,
        _ => return Err("`None` can be compared with `==` and `!=` only".to_owned()),
    };
    Ok(match operator {
        Operator::Eq => ordering == Some(Ordering::Equal),
        Operator::Neq => ordering != Some(Ordering::Equal),
        Operator::Gt => ordering == Some(Ordering::Greater),
        Operator::Gte => ordering.is_some_and(Ordering::is_ge),
        Operator::Lt => ordering == Some(Ordering::Less),
        Operator::Lte => ordering.is_some_and(Ordering::is_le),
    })
}

/// The value of an operand; `None` for `None`.
fn value(operand: Option<&Operand>, inputs: &LiteralMap) -> Result<Option<primitive::Value>, String> {
    #[expect(deprecated, reason = "flytekit still writes primitives")]
    match operand.and_then(|operand| operand.val.as_ref()) {
        Some(operand::Val::Primitive(primitive)) => Ok(primitive.value.clone()),
        Some(operand::Val::Scalar(scalar)) => in_scalar(scalar),
        Some(operand::Val::Var(name)) => {
            let input = inputs.literals.get(name);
            in_literal(input.ok_or_else(|| format!("the condition's `{name}` has no value"))?)
                .map_err(|problem| format!("`{name}` {problem}"))
        }
        None => Err("a condition lacks a value".to_owned()),
    }
}

fn in_literal(literal: &Literal) -> Result<Option<primitive::Value>, String> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => in_scalar(scalar),
        _ => Err("is not a single value".to_owned()),
    }
}

fn in_scalar(scalar: &Scalar) -> Result<Option<primitive::Value>, String> {
    match &scalar.value {
        Some(scalar::Value::Primitive(Primitive { value })) => Ok(value.clone()),
        Some(scalar::Value::Union(union)) => match &union.value {
            Some(inner) => in_literal(inner),
            None => Ok(None),
        },
        Some(scalar::Value::NoneType(_)) => Ok(None),
        _ => Err("cannot be compared".to_owned()),
    }
}

/// The order of two values of one type; `None` for a number that has none.
fn order(left: &primitive::Value, right: &primitive::Value) -> Result<Option<Ordering>, String> {
    use primitive::Value;
    Ok(match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::FloatValue(left), Value::FloatValue(right)) => left.partial_cmp(right),
        (Value::StringValue(left), Value::StringValue(right)) => Some(left.cmp(right)),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        (Value::Datetime(left), Value::Datetime(right)) => {
            Some((left.seconds, left.nanos).cmp(&(right.seconds, right.nanos)))
        }
        (Value::Duration(left), Value::Duration(right)) => {
            Some((left.seconds, left.nanos).cmp(&(right.seconds, right.nanos)))
        }
        _ => return Err("comparison between different primitive types".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operand(value: primitive::Value) -> Option<Operand> {
        let scalar = Scalar { value: Some(scalar::Value::Primitive(Primitive { value: Some(value) })) };
        Some(Operand { val: Some(operand::Val::Scalar(scalar)) })
    }

    fn none() -> Option<Operand> {
        let scalar = Scalar { value: Some(scalar::Value::NoneType(Default::default())) };
        Some(Operand { val: Some(operand::Val::Scalar(scalar)) })
    }

    fn compared(left: Option<Operand>, operator: Operator, right: Option<Operand>) -> Result<bool, String> {
        let comparison =
            ComparisonExpression { operator: operator.into(), left_value: left, right_value: right };
        holds(&BooleanExpression { expr: Some(Expr::Comparison(comparison)) }, &LiteralMap::default())
    }

    #[test]
    fn every_operator_orders_every_type() {
        use primitive::Value::{Boolean, Duration, FloatValue, Integer, StringValue};
        let seconds = |seconds| Duration(prost_types::Duration { seconds, nanos: 0 });
        let pairs = [
            (Integer(1), Integer(2)),
            (FloatValue(-0.5), FloatValue(0.5)),
            (StringValue("a".into()), StringValue("b".into())),
            (Boolean(false), Boolean(true)),
            (seconds(1), seconds(2)),
        ];
        for (less, more) in pairs {
            let compared = |left: &primitive::Value, operator, right: &primitive::Value| {
                compared(operand(left.clone()), operator, operand(right.clone())).unwrap()
            };
            let all = |left, right| {
                use Operator::{Eq, Gt, Gte, Lt, Lte, Neq};
                [Eq, Neq, Gt, Gte, Lt, Lte].map(|operator| compared(left, operator, right))
            };
            assert_eq!(all(&less, &more), [false, true, false, false, true, true], "{less:?} {more:?}");
            assert_eq!(all(&more, &less), [false, true, true, true, false, false], "{more:?} {less:?}");
            assert_eq!(all(&less, &less), [true, false, false, true, false, true], "{less:?}");
        }
    }

    #[test]
    fn none_equals_none_only() {
        let one = || operand(primitive::Value::Integer(1));
        assert_eq!(compared(none(), Operator::Eq, none()), Ok(true));
        assert_eq!(compared(one(), Operator::Eq, none()), Ok(false));
        assert_eq!(compared(one(), Operator::Neq, none()), Ok(true));
        assert!(compared(one(), Operator::Gt, none()).is_err());
    }

    #[test]
    fn different_types_are_an_error() {
        let one = operand(primitive::Value::Integer(1));
        let text = operand(primitive::Value::StringValue("1".into()));
        assert_eq!(
            compared(one, Operator::Eq, text),
            Err("comparison between different primitive types".to_owned())
        );
    }
}
