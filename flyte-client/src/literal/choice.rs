//! Which variant of a union a value becomes.

use super::{ValueError, check, fit::Fit, make};
use crate::proto::core::{
    Literal, LiteralType, SimpleType, Union, literal::Value as LiteralValue, literal_type::Type,
    scalar::Value as ScalarValue,
};

/// Reads a value as the variant that it fits best, of equals the first.
///
/// Without any, the error of the only variant that is not `None`, if there is one.
pub(super) fn best(
    variants: &[LiteralType],
    read: impl Fn(&LiteralType) -> Result<(Literal, Fit), ValueError>,
) -> Result<(Literal, Fit), Option<ValueError>> {
    let mut best: Option<(Literal, Fit, &LiteralType)> = None;
    let mut errors = Vec::new();
    for variant in variants {
        match read(variant) {
            Ok((literal, fit)) if best.as_ref().is_none_or(|(_, smallest, _)| fit < *smallest) => {
                best = Some((literal, fit, variant));
            }
            Ok(_) => {}
            Err(error) if !is_none(variant) => errors.push(error),
            Err(_) => {}
        }
    }
    match best {
        Some((literal, fit, variant)) => Ok((union(literal, variant), fit)),
        None if errors.len() == 1 => Err(errors.pop().filter(|error| !error.path.0.is_empty())),
        None => Err(None),
    }
}

/// Makes a plain value one of a union, where a union is expected.
pub(super) fn into_variant(literal: Literal, expected: &LiteralType) -> Literal {
    let Some(Type::UnionType(expected)) = &expected.r#type else { return literal };
    if let Some(LiteralValue::Scalar(scalar)) = &literal.value
        && matches!(scalar.value, Some(ScalarValue::Union(_)))
    {
        return literal;
    }
    match expected.variants.iter().find(|variant| check(&literal, variant).is_ok()) {
        Some(variant) => union(literal, variant),
        None => literal,
    }
}

fn union(literal: Literal, variant: &LiteralType) -> Literal {
    let union = Union { value: Some(Box::new(literal)), r#type: Some(variant.clone()) };
    make::scalar(ScalarValue::Union(Box::new(union)))
}

fn is_none(variant: &LiteralType) -> bool {
    variant.r#type == Some(Type::Simple(SimpleType::None.into()))
}
