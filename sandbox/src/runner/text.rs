//! Values as text: in commands as propeller writes them, in files as copilot does.
//!
//! Both know less than all types, and a task that depends on the rest fails on a cluster. Written here beyond them: a
//! union as the value in it, nothing as `null`, and in commands maps and structures as JSON.

use flyte_client::literal::{datetime_text, float_to_json};
use flyte_client::proto::core::{Literal, Primitive, Scalar, literal, primitive, scalar};
use rmpv::Value as Packed;
use serde_json::Value as Json;

use super::go_format;

/// How Flyte tags bytes that are MessagePack.
const MSGPACK: &str = "msgpack";

/// What a command gets for an input.
///
/// # Errors
///
/// Why the value has no text.
pub(super) fn in_command(literal: &Literal) -> Result<String, String> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar_in_command(scalar),
        Some(literal::Value::Collection(collection)) => {
            let items: Result<Vec<String>, String> = collection.literals.iter().map(in_command).collect();
            Ok(format!("[{}]", items?.join(",")))
        }
        Some(literal::Value::Map(_)) => Ok(super::document::json(literal).to_string()),
        Some(literal::Value::OffloadedMetadata(_)) => Err("the value is kept elsewhere".to_owned()),
        None => Err("it has no value".to_owned()),
    }
}

fn scalar_in_command(scalar: &Scalar) -> Result<String, String> {
    use scalar::Value::{
        Binary, Blob, Error, Generic, NoneType, Primitive, Schema, StructuredDataset, Union,
    };
    match scalar.value.as_ref() {
        Some(Primitive(primitive)) => Ok(match &primitive.value {
            Some(primitive::Value::FloatValue(value)) => go_format::short_float(*value),
            _ => primitive_text(primitive),
        }),
        Some(Blob(blob)) => Ok(blob.uri.clone()),
        Some(Schema(schema)) => Ok(schema.uri.clone()),
        Some(StructuredDataset(dataset)) => Ok(dataset.uri.clone()),
        Some(Binary(binary)) if binary.tag == MSGPACK => match unpack(&binary.value) {
            Some(value) => Ok(as_go_prints(&value)),
            None => Err("its bytes are no MessagePack".to_owned()),
        },
        Some(Binary(_)) => Err("bytes have no text; read them from the input's file".to_owned()),
        Some(Error(error)) => Ok(error.message.clone()),
        Some(Generic(_)) => Ok(super::document::scalar(scalar).to_string()),
        Some(NoneType(_)) => Ok("null".to_owned()),
        Some(Union(union)) => union.value.as_deref().map_or(Err("it has no value".to_owned()), in_command),
        None => Err("it has no value".to_owned()),
    }
}

/// What the file of a scalar input has in it.
pub(super) fn in_file(scalar: &Scalar) -> Vec<u8> {
    match &scalar.value {
        Some(scalar::Value::Primitive(primitive)) => primitive_text(primitive).into_bytes(),
        Some(scalar::Value::Binary(binary)) => binary.value.clone(),
        Some(scalar::Value::Error(error)) => error.message.clone().into_bytes(),
        _ => super::document::scalar(scalar).to_string().into_bytes(),
    }
}

/// A primitive's text, with floats as files have them.
fn primitive_text(primitive: &Primitive) -> String {
    match &primitive.value {
        Some(primitive::Value::Boolean(value)) => value.to_string(),
        Some(primitive::Value::Datetime(value)) => datetime(value),
        Some(primitive::Value::Duration(value)) => go_format::duration(value),
        Some(primitive::Value::FloatValue(value)) => go_format::float(*value),
        Some(primitive::Value::Integer(value)) => value.to_string(),
        Some(primitive::Value::StringValue(value)) => value.clone(),
        None => "null".to_owned(),
    }
}

/// A time as RFC 3339 has it, in UTC, with as many digits as it needs.
pub(super) fn datetime(value: &prost_types::Timestamp) -> String {
    // No calendar has another, and no server lets it in.
    datetime_text(value).unwrap_or_else(|| format!("{} s after 1970", value.seconds))
}

/// Reads bytes that are one value of MessagePack.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<Packed> {
    rmpv::decode::read_value(&mut bytes).ok().filter(|_| bytes.is_empty())
}

/// A value as Go's `%v` prints it, which is what propeller puts into commands: `map[a:1 b:[x y]]`.
fn as_go_prints(value: &Packed) -> String {
    match value {
        Packed::Nil => "<nil>".to_owned(),
        Packed::Boolean(value) => value.to_string(),
        Packed::Integer(value) => value.to_string(),
        Packed::F32(value) => go_format::short_float(f64::from(*value)),
        Packed::F64(value) => go_format::short_float(*value),
        Packed::String(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        Packed::Binary(bytes) | Packed::Ext(_, bytes) => {
            format!("[{}]", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(" "))
        }
        Packed::Array(items) => {
            format!("[{}]", items.iter().map(as_go_prints).collect::<Vec<_>>().join(" "))
        }
        Packed::Map(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(key, value)| (as_go_prints(key), as_go_prints(value))).collect();
            fields.sort();
            let fields: Vec<_> = fields.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A value of MessagePack as JSON; what JSON does not have becomes text.
pub(super) fn packed_json(value: &Packed) -> Json {
    match value {
        Packed::Nil => Json::Null,
        Packed::Boolean(value) => (*value).into(),
        Packed::Integer(value) => match (value.as_i64(), value.as_u64()) {
            (Some(value), _) => value.into(),
            (None, Some(value)) => value.into(),
            (None, None) => Json::Null,
        },
        Packed::F32(value) => float_to_json(f64::from(*value)),
        Packed::F64(value) => float_to_json(*value),
        Packed::String(text) => String::from_utf8_lossy(text.as_bytes()).into(),
        Packed::Binary(bytes) | Packed::Ext(_, bytes) => data_encoding::BASE64.encode(bytes).into(),
        Packed::Array(items) => items.iter().map(packed_json).collect(),
        Packed::Map(fields) => {
            let name = |key: &Packed| key.as_str().map_or_else(|| as_go_prints(key), str::to_owned);
            fields
                .iter()
                .map(|(key, value)| (name(key), packed_json(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
    }
}
