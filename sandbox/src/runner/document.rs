//! All inputs as `inputs.json` or `inputs.yaml`, as copilot writes them: plain values by name, paths for
//! files.
//!
//! Unlike copilot, a duration is written as text instead of `null`, a structure as an object instead of
//! bytes, and a number without a JSON form as `"NaN"`, `"Infinity"` or `"-Infinity"`, where copilot fails.

use flyte_client::literal::float_to_json;
use flyte_client::proto::core::{Literal, LiteralMap, Scalar, literal, primitive, scalar};
use prost_types::{Struct, Value as ProtoValue, value::Kind};
use serde_json::{Map, Value};

use super::{go_format, msgpack};

/// All inputs.
pub(super) fn inputs(inputs: &LiteralMap) -> Value {
    inputs.literals.iter().map(|(name, literal)| (name.clone(), json(literal))).collect::<Map<_, _>>().into()
}

/// One value.
pub(super) fn json(literal: &Literal) -> Value {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => self::scalar(scalar),
        Some(literal::Value::Collection(collection)) => collection.literals.iter().map(json).collect(),
        Some(literal::Value::Map(map)) => inputs(map),
        Some(literal::Value::OffloadedMetadata(offloaded)) => offloaded.uri.clone().into(),
        None => Value::Null,
    }
}

/// A scalar.
pub(super) fn scalar(scalar: &Scalar) -> Value {
    match &scalar.value {
        Some(scalar::Value::Primitive(primitive)) => match &primitive.value {
            Some(primitive::Value::Boolean(value)) => (*value).into(),
            Some(primitive::Value::Datetime(value)) => go_format::datetime(value).into(),
            Some(primitive::Value::Duration(value)) => go_format::duration(value).into(),
            Some(primitive::Value::FloatValue(value)) => float_to_json(*value),
            Some(primitive::Value::Integer(value)) => (*value).into(),
            Some(primitive::Value::StringValue(value)) => value.clone().into(),
            None => Value::Null,
        },
        Some(scalar::Value::Binary(binary)) => match msgpack::unpack(&binary.value) {
            Some(value) if binary.tag == msgpack::TAG => msgpack::to_json(&value),
            _ => data_encoding::BASE64.encode(&binary.value).into(),
        },
        Some(scalar::Value::Blob(blob)) => blob.uri.clone().into(),
        Some(scalar::Value::Schema(schema)) => schema.uri.clone().into(),
        Some(scalar::Value::StructuredDataset(dataset)) => dataset.uri.clone().into(),
        Some(scalar::Value::Error(error)) => error.message.clone().into(),
        Some(scalar::Value::Generic(fields)) => structure(fields),
        Some(scalar::Value::Union(union)) => union.value.as_deref().map_or(Value::Null, json),
        Some(scalar::Value::NoneType(_)) | None => Value::Null,
    }
}

fn structure(fields: &Struct) -> Value {
    fields.fields.iter().map(|(name, value)| (name.clone(), free_form(value))).collect::<Map<_, _>>().into()
}

fn free_form(value: &ProtoValue) -> Value {
    match &value.kind {
        Some(Kind::NumberValue(number)) => float_to_json(*number),
        Some(Kind::StringValue(text)) => text.clone().into(),
        Some(Kind::BoolValue(flag)) => (*flag).into(),
        Some(Kind::StructValue(fields)) => structure(fields),
        Some(Kind::ListValue(list)) => list.values.iter().map(free_form).collect(),
        Some(Kind::NullValue(_)) | None => Value::Null,
    }
}
