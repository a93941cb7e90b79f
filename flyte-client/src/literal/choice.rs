//! Which variant of a union a value becomes.

use super::{ValueError, check, make};
use crate::proto::core::{
    Literal, LiteralType, SimpleType, Union, literal::Value as LiteralValue, literal_type::Type,
    scalar::Value as ScalarValue,
};

/// How few values a type takes that takes this one: the smallest wins. The order is part of the documentation
/// of [the module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit(u8);

impl Fit {
    /// JSON's own `null`, booleans and numbers, and texts that can only mean these.
    pub(super) const EXACT: Self = Self(0);
    /// One of a few values.
    pub(super) const ENUM: Self = Self(1);
    /// `3` as a float, `3.0` as an integer.
    pub(super) const CONVERTED: Self = Self(2);
    /// A time or a duration.
    pub(super) const TIME: Self = Self(3);
    /// A structure with a schema.
    pub(super) const DESCRIBED: Self = Self(4);
    /// What names a file, data set or bytes beyond doubt.
    pub(super) const REFERENCE: Self = Self(4);
    /// A structure without a schema.
    pub(super) const STRUCTURE: Self = Self(5);
    /// Any text.
    pub(super) const TEXT: Self = Self(6);
    /// Any text as the name of a file.
    pub(super) const ANY_REFERENCE: Self = Self(7);
    /// What is allowed, but seldom meant: `yes` as a boolean, nothing as `None`.
    pub(super) const LAX: Self = Self(8);
}

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
