//! Values as JSON.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::{MSGPACK, structure, time};
use crate::proto::core::{
    Binary, Blob, Literal, LiteralMap, Primitive, Scalar, StructuredDataset, blob_type::BlobDimensionality,
    literal::Value as LiteralValue, primitive::Value as PrimitiveValue, scalar::Value as ScalarValue,
};
use crate::proto::json::{self, float_to_json};
use crate::proto::struct_value;

/// Writes a value in plain JSON; see the table in [the module's documentation](super).
///
/// With its type, [`from_json`](super::from_json) makes the same value of it again, but for what plain values
/// do not say: a literal's `hash` and `metadata`, whether a structure is MessagePack, and the variant of a
/// union where two variants look alike.
pub fn to_json(literal: &Literal) -> Value {
    match &literal.value {
        None => Value::Null,
        Some(LiteralValue::Scalar(scalar)) => scalar_to_json(scalar),
        Some(LiteralValue::Collection(list)) => list.literals.iter().map(to_json).collect(),
        Some(LiteralValue::Map(map)) => Value::Object(map_to_json(map)),
        // What is stored elsewhere has no plain form.
        Some(LiteralValue::OffloadedMetadata(_)) => json::to_json(literal).unwrap_or_default(),
    }
}

/// Writes inputs or outputs in plain JSON, by their names.
pub fn map_to_json(map: &LiteralMap) -> Map<String, Value> {
    let mut values: Vec<_> = map.literals.iter().collect();
    values.sort_by(|(a, _), (b, _)| super::natural_order(a, b));
    values.into_iter().map(|(name, literal)| (name.clone(), to_json(literal))).collect()
}

fn scalar_to_json(scalar: &Scalar) -> Value {
    match &scalar.value {
        None | Some(ScalarValue::NoneType(_)) => Value::Null,
        Some(ScalarValue::Primitive(primitive)) => primitive_to_json(primitive),
        Some(ScalarValue::Blob(blob)) => blob_to_json(blob),
        Some(ScalarValue::Binary(binary)) => binary_to_json(binary),
        Some(ScalarValue::Schema(schema)) => json!({"uri": schema.uri}),
        Some(ScalarValue::Error(error)) => {
            json!({"message": error.message, "failedNodeId": error.failed_node_id})
        }
        Some(ScalarValue::Generic(fields)) => struct_value::to_json(fields),
        Some(ScalarValue::StructuredDataset(dataset)) => dataset_to_json(dataset),
        Some(ScalarValue::Union(union)) => union.value.as_deref().map_or(Value::Null, to_json),
    }
}

fn primitive_to_json(primitive: &Primitive) -> Value {
    match &primitive.value {
        None => Value::Null,
        Some(PrimitiveValue::Integer(integer)) => json!(integer),
        Some(PrimitiveValue::FloatValue(number)) => float_to_json(*number),
        Some(PrimitiveValue::StringValue(text)) => json!(text),
        Some(PrimitiveValue::Boolean(flag)) => json!(flag),
        Some(PrimitiveValue::Datetime(of)) => match time::datetime_text(of) {
            Some(text) => Value::String(text),
            None => json!({"seconds": of.seconds, "nanos": of.nanos}),
        },
        Some(PrimitiveValue::Duration(of)) => Value::String(time::duration_text(of)),
    }
}

fn blob_to_json(blob: &Blob) -> Value {
    let of = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.clone()).unwrap_or_default();
    let dimensionality = BlobDimensionality::try_from(of.dimensionality).unwrap_or_default();
    json!({"uri": blob.uri, "format": of.format, "dimensionality": dimensionality.as_str_name()})
}

/// MessagePack is what it holds; other bytes are base64.
fn binary_to_json(binary: &Binary) -> Value {
    let unpacked = (binary.tag == MSGPACK).then(|| structure::unpack(&binary.value)).flatten();
    unpacked.unwrap_or_else(|| json!({"value": BASE64_STANDARD.encode(&binary.value), "tag": binary.tag}))
}

fn dataset_to_json(dataset: &StructuredDataset) -> Value {
    let of = dataset.metadata.as_ref().and_then(|metadata| metadata.structured_dataset_type.as_ref());
    json!({"uri": dataset.uri, "format": of.map_or("", |of| &of.format)})
}
