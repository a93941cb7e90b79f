//! Literals around values.

use flyte_client::proto::core::{Literal, LiteralType, Scalar, Union, literal, scalar};

pub(super) fn value_literal(value: literal::Value) -> Literal {
    Literal { value: Some(value), ..Literal::default() }
}

pub(super) fn scalar_literal(scalar: Scalar) -> Literal {
    value_literal(literal::Value::Scalar(Box::new(scalar)))
}

pub(super) fn union_literal(value: Literal, variant: LiteralType) -> Literal {
    let union = Union { value: Some(Box::new(value)), r#type: Some(variant) };
    scalar_literal(Scalar { value: Some(scalar::Value::Union(Box::new(union))) })
}
