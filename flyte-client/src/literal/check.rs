//! A value against a type.

use super::{
    ValueError, accepts,
    name::{blob_name, type_name},
};
use crate::proto::core::{
    Literal, LiteralType, Primitive, Scalar, SimpleType, UnionType, literal::Value as LiteralValue,
    literal_type::Type, primitive::Value as PrimitiveValue, scalar::Value as ScalarValue,
};
use crate::proto::path::PathStep;

/// Checks that a value is of a type, or may stand for one of it (see [`accepts`]).
///
/// A value that is stored elsewhere is judged by the type that it says to have.
///
/// # Errors
///
/// The first value that does not fit: the way to it, what is expected and what is given.
pub fn check(literal: &Literal, expected: &LiteralType) -> Result<(), ValueError> {
    let mismatch = || ValueError::mismatch(type_name(expected), given_name(literal));
    let Some(value) = &literal.value else { return Err(mismatch()) };
    if let Some((inner, variant)) = as_union(value) {
        return check_union(inner, variant, expected).map_err(|error| error.unwrap_or_else(mismatch));
    }
    match (&expected.r#type, value) {
        (_, LiteralValue::OffloadedMetadata(stored)) => match &stored.inferred_type {
            Some(from) if !accepts(expected, from) => Err(mismatch()),
            _ => Ok(()),
        },
        (Some(Type::UnionType(union)), _) => {
            check_variants(literal, union).then_some(()).ok_or_else(mismatch)
        }
        (Some(Type::CollectionType(item)), LiteralValue::Collection(list)) => {
            let check_item =
                |(index, literal)| check(literal, item).map_err(|error| error.within(PathStep::Index(index)));
            list.literals.iter().enumerate().try_for_each(check_item)
        }
        (Some(Type::MapValueType(item)), LiteralValue::Map(map)) => map
            .literals
            .iter()
            .try_for_each(|(key, literal)| check(literal, item).map_err(|error| error.within_name(key))),
        (Some(_), LiteralValue::Scalar(scalar)) => check_scalar(scalar, expected, mismatch),
        _ => Err(mismatch()),
    }
}

fn check_scalar(
    scalar: &Scalar,
    expected: &LiteralType,
    mismatch: impl Fn() -> ValueError,
) -> Result<(), ValueError> {
    if let (Some(Type::EnumType(known)), Some(text)) = (&expected.r#type, as_text(scalar)) {
        return if known.values.iter().any(|value| value == text) {
            Ok(())
        } else {
            Err(ValueError::value(type_name(expected), format!("`{text}`"), "is not one of its values"))
        };
    }
    let Some(found) = type_of(scalar) else { return Err(mismatch()) };
    // Bytes may hold anything, a structure included.
    let bytes = matches!(scalar.value, Some(ScalarValue::Binary(_)))
        && expected.r#type == Some(Type::Simple(SimpleType::Binary.into()));
    let found = LiteralType { r#type: Some(found), ..LiteralType::default() };
    if bytes || accepts(expected, &found) { Ok(()) } else { Err(mismatch()) }
}

/// A union that carries its variant, against any type.
fn check_union(
    inner: Option<&Literal>,
    variant: Option<&LiteralType>,
    expected: &LiteralType,
) -> Result<(), Option<ValueError>> {
    let (Some(inner), Some(variant)) = (inner, variant) else { return Err(None) };
    check(inner, variant).map_err(Some)?;
    let fits = match &expected.r#type {
        Some(Type::UnionType(union)) => union.variants.iter().any(|to| accepts(to, variant)),
        _ => accepts(expected, variant),
    };
    fits.then_some(()).ok_or(None)
}

fn check_variants(literal: &Literal, union: &UnionType) -> bool {
    union.variants.iter().any(|variant| check(literal, variant).is_ok())
}

fn as_union(value: &LiteralValue) -> Option<(Option<&Literal>, Option<&LiteralType>)> {
    let LiteralValue::Scalar(scalar) = value else { return None };
    match &scalar.value {
        Some(ScalarValue::Union(union)) => Some((union.value.as_deref(), union.r#type.as_ref())),
        _ => None,
    }
}

fn as_text(scalar: &Scalar) -> Option<&str> {
    match &scalar.value {
        Some(ScalarValue::Primitive(Primitive { value: Some(PrimitiveValue::StringValue(text)) })) => {
            Some(text)
        }
        _ => None,
    }
}

/// The type that a scalar shows; `None` for one without a value, and for unions.
pub(super) fn type_of(scalar: &Scalar) -> Option<Type> {
    let simple = |kind: SimpleType| Some(Type::Simple(kind.into()));
    match scalar.value.as_ref()? {
        ScalarValue::Primitive(primitive) => simple(match primitive.value.as_ref()? {
            PrimitiveValue::Integer(_) => SimpleType::Integer,
            PrimitiveValue::FloatValue(_) => SimpleType::Float,
            PrimitiveValue::StringValue(_) => SimpleType::String,
            PrimitiveValue::Boolean(_) => SimpleType::Boolean,
            PrimitiveValue::Datetime(_) => SimpleType::Datetime,
            PrimitiveValue::Duration(_) => SimpleType::Duration,
        }),
        ScalarValue::Binary(binary) if binary.tag == super::MSGPACK => simple(SimpleType::Struct),
        ScalarValue::Binary(_) => simple(SimpleType::Binary),
        ScalarValue::Generic(_) => simple(SimpleType::Struct),
        ScalarValue::NoneType(_) => simple(SimpleType::None),
        ScalarValue::Error(_) => simple(SimpleType::Error),
        ScalarValue::Blob(blob) => {
            Some(Type::Blob(blob.metadata.clone().and_then(|metadata| metadata.r#type).unwrap_or_default()))
        }
        ScalarValue::Schema(schema) => Some(Type::Schema(schema.r#type.clone().unwrap_or_default())),
        ScalarValue::StructuredDataset(dataset) => {
            let of = dataset.metadata.clone().and_then(|metadata| metadata.structured_dataset_type);
            Some(Type::StructuredDatasetType(of.unwrap_or_default()))
        }
        ScalarValue::Union(_) => None,
    }
}

/// What a value is, for messages.
fn given_name(literal: &Literal) -> String {
    match &literal.value {
        None => "nothing".to_owned(),
        Some(LiteralValue::Collection(_)) => "a list".to_owned(),
        Some(LiteralValue::Map(_)) => "a map".to_owned(),
        Some(LiteralValue::OffloadedMetadata(stored)) => match &stored.inferred_type {
            Some(of) => format!("a stored `{}`", type_name(of)),
            None => "a stored value".to_owned(),
        },
        Some(LiteralValue::Scalar(scalar)) => match (&scalar.value, type_of(scalar)) {
            (Some(ScalarValue::Union(union)), _) => match &union.r#type {
                Some(of) => format!("`{}`", type_name(of)),
                None => "a union without a type".to_owned(),
            },
            (_, Some(Type::Blob(blob))) => format!("`{}`", blob_name(&blob)),
            (_, Some(found)) => {
                format!("`{}`", type_name(&LiteralType { r#type: Some(found), ..LiteralType::default() }))
            }
            (_, None) => "nothing".to_owned(),
        },
    }
}
