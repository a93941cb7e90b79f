//! Resolves an attribute path of a promise: into lists, maps and structures.

use flyte_client::proto::core::{
    Binary, Literal, LiteralCollection, Primitive, PromiseAttribute, Scalar, Void, literal, primitive,
    promise_attribute, scalar,
};
use prost_types::{Struct, Value as Json, value::Kind};
use rmpv::Value as Pack;

use super::literals::{scalar_literal, value_literal};

/// The value at the end of a path.
///
/// # Errors
///
/// Why the path does not exist.
pub(super) fn follow(from: &Literal, path: &[PromiseAttribute]) -> Result<Literal, String> {
    let mut at = from;
    for (index, step) in path.iter().enumerate() {
        at = within_unions(at);
        at = match (&at.value, &step.value) {
            (Some(literal::Value::Collection(items)), Some(promise_attribute::Value::IntValue(number))) => {
                let item = usize::try_from(*number).ok().and_then(|number| items.literals.get(number));
                item.ok_or_else(|| format!("the list has {} items", items.literals.len()))?
            }
            (Some(literal::Value::Map(items)), Some(promise_attribute::Value::StringValue(key))) => {
                items.literals.get(key).ok_or_else(|| format!("the map has no `{key}`"))?
            }
            (Some(literal::Value::Scalar(scalar)), _) => return in_scalar(scalar, &path[index..]),
            _ => return Err("the value is neither a list nor a map".to_owned()),
        };
    }
    Ok(at.clone())
}

/// The value that unions wrap.
fn within_unions(mut literal: &Literal) -> &Literal {
    while let Some(literal::Value::Scalar(scalar)) = &literal.value
        && let Some(scalar::Value::Union(union)) = &scalar.value
        && let Some(inner) = &union.value
    {
        literal = inner;
    }
    literal
}

fn in_scalar(scalar: &Scalar, path: &[PromiseAttribute]) -> Result<Literal, String> {
    match &scalar.value {
        Some(scalar::Value::Binary(binary)) if binary.tag == "msgpack" => in_message_pack(binary, path),
        Some(scalar::Value::Generic(object)) => in_struct(object, path),
        _ => Err("the value is not a structure".to_owned()),
    }
}

fn in_message_pack(binary: &Binary, path: &[PromiseAttribute]) -> Result<Literal, String> {
    let mut bytes = binary.value.as_slice();
    let whole = rmpv::decode::read_value(&mut bytes)
        .map_err(|error| format!("its MessagePack cannot be read: {error}"))?;
    let mut at = &whole;
    for step in path {
        at = match (at, &step.value) {
            (Pack::Map(entries), Some(promise_attribute::Value::StringValue(key))) => {
                let entry = entries.iter().find(|(name, _)| name.as_str() == Some(key));
                &entry.ok_or_else(|| format!("the structure has no `{key}`"))?.1
            }
            (Pack::Array(items), Some(promise_attribute::Value::IntValue(number))) => {
                let item = usize::try_from(*number).ok().and_then(|number| items.get(number));
                item.ok_or_else(|| format!("the list has {} items", items.len()))?
            }
            _ => return Err("the value is neither a list nor a map".to_owned()),
        };
    }
    let primitive = match at {
        Pack::Boolean(value) => primitive::Value::Boolean(*value),
        Pack::Integer(number) => primitive::Value::Integer(
            number.as_i64().ok_or_else(|| format!("the number {number} is too large"))?,
        ),
        Pack::F32(number) => primitive::Value::FloatValue(f64::from(*number)),
        Pack::F64(number) => primitive::Value::FloatValue(*number),
        Pack::String(text) => primitive::Value::StringValue(text.as_str().unwrap_or_default().to_owned()),
        Pack::Nil => return Ok(scalar_literal(Scalar { value: Some(scalar::Value::NoneType(Void {})) })),
        // An array of tasks needs a list of literals (propeller's `resolveAttrPathInBinary`).
        Pack::Array(items) => {
            let literals = items.iter().map(|item| packed(item, &binary.tag)).collect::<Result<_, _>>()?;
            return Ok(value_literal(literal::Value::Collection(LiteralCollection { literals })));
        }
        other => return packed(other, &binary.tag),
    };
    Ok(primitive_literal(primitive))
}

/// A value as a literal of its own.
fn packed(value: &Pack, tag: &str) -> Result<Literal, String> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).map_err(|error| error.to_string())?;
    let binary = Binary { value: bytes, tag: tag.to_owned() };
    Ok(scalar_literal(Scalar { value: Some(scalar::Value::Binary(binary)) }))
}

fn in_struct(object: &Struct, path: &[PromiseAttribute]) -> Result<Literal, String> {
    let whole = Json { kind: Some(Kind::StructValue(object.clone())) };
    let mut at = &whole;
    for step in path {
        at = match (&at.kind, &step.value) {
            (Some(Kind::StructValue(fields)), Some(promise_attribute::Value::StringValue(key))) => {
                fields.fields.get(key).ok_or_else(|| format!("the structure has no `{key}`"))?
            }
            (Some(Kind::ListValue(items)), Some(promise_attribute::Value::IntValue(number))) => {
                let item = usize::try_from(*number).ok().and_then(|number| items.values.get(number));
                item.ok_or_else(|| format!("the list has {} items", items.values.len()))?
            }
            _ => return Err("the value is neither a list nor a map".to_owned()),
        };
    }
    json_literal(at)
}

fn json_literal(value: &Json) -> Result<Literal, String> {
    let primitive = match &value.kind {
        Some(Kind::BoolValue(value)) => primitive::Value::Boolean(*value),
        Some(Kind::NumberValue(number)) => primitive::Value::FloatValue(*number),
        Some(Kind::StringValue(text)) => primitive::Value::StringValue(text.clone()),
        Some(Kind::StructValue(object)) => {
            return Ok(scalar_literal(Scalar { value: Some(scalar::Value::Generic(object.clone())) }));
        }
        Some(Kind::ListValue(items)) => {
            let literals = items.values.iter().map(json_literal).collect::<Result<_, _>>()?;
            return Ok(value_literal(literal::Value::Collection(LiteralCollection { literals })));
        }
        Some(Kind::NullValue(_)) | None => {
            return Ok(scalar_literal(Scalar { value: Some(scalar::Value::NoneType(Void {})) }));
        }
    };
    Ok(primitive_literal(primitive))
}

fn primitive_literal(value: primitive::Value) -> Literal {
    scalar_literal(Scalar { value: Some(scalar::Value::Primitive(Primitive { value: Some(value) })) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_within_a_structure_is_a_list_of_literals() {
        let pack = |value: &Pack| {
            let mut bytes = Vec::new();
            rmpv::encode::write_value(&mut bytes, value).unwrap();
            bytes
        };
        let list = Pack::Array(vec![Pack::F64(1.5), Pack::Array(vec![Pack::from(2)])]);
        let whole = Pack::Map(vec![(Pack::from("items"), list)]);
        let binary = Binary { value: pack(&whole), tag: "msgpack".to_owned() };
        let from = scalar_literal(Scalar { value: Some(scalar::Value::Binary(binary)) });
        let step = promise_attribute::Value::StringValue("items".to_owned());
        let found = follow(&from, &[PromiseAttribute { value: Some(step) }]).unwrap();
        let Some(literal::Value::Collection(items)) = found.value else { panic!("{found:?}") };
        let expected = [Pack::F64(1.5), Pack::Array(vec![Pack::from(2)])];
        let expected = expected.map(|value| packed(&value, "msgpack").unwrap());
        assert_eq!(items.literals, expected);
    }
}
