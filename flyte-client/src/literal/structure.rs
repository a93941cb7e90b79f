//! Structures: free-form values, which Flyte keeps as MessagePack or, before that, as
//! `google.protobuf.Struct`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost_types::Struct;
use rmpv::Value as Packed;
use serde_json::{Map, Number, Value, json};

use super::{MSGPACK, ValueError, ValueProblem, error::BEYOND_DOUBLE};
use crate::documents::number::{self, FloatError};
use crate::proto::core::{Binary, Scalar, scalar::Value as ScalarValue};
use crate::proto::{json::float_to_json, path::PathStep, struct_value};

/// How the values of simple type STRUCT are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StructFormat {
    /// `google.protobuf.Struct`, where every number is a double: what flytekit writes with
    /// `FLYTE_USE_OLD_DC_FORMAT`, and all that receivers before flytekit 1.14 understand.
    Generic,
    /// MessagePack, where integers stay integers.
    #[default]
    MessagePack,
}

/// Stores a structure.
///
/// # Errors
///
/// At the first number that the format cannot hold: MessagePack has integers of 64 bits, and
/// `google.protobuf.Struct` has finite doubles, as JSON.
pub(super) fn store(fields: &Map<String, Value>, format: StructFormat) -> Result<Scalar, ValueError> {
    check_numbers(fields, format)?;
    let value = match format {
        StructFormat::Generic => ScalarValue::Generic(struct_value::from_json(fields)),
        StructFormat::MessagePack => {
            let mut bytes = Vec::new();
            let packed = pack(&Value::Object(fields.clone()));
            rmpv::encode::write_value(&mut bytes, &packed).expect("a vector takes every byte");
            ScalarValue::Binary(Binary { value: bytes, tag: MSGPACK.to_owned() })
        }
    };
    Ok(Scalar { value: Some(value) })
}

fn check_numbers(fields: &Map<String, Value>, format: StructFormat) -> Result<(), ValueError> {
    fields
        .iter()
        .try_for_each(|(name, value)| check_number(value, format).map_err(|error| error.within_name(name)))
}

fn check_number(value: &Value, format: StructFormat) -> Result<(), ValueError> {
    let fails =
        |written: &str, reason: &str| Err(ValueError::value("dict", format!("number `{written}`"), reason));
    match (value, number::written(value)) {
        (_, Some(written)) => match (number::float(written), format) {
            (Err(FloatError::TooLarge), _) => fails(written, BEYOND_DOUBLE),
            (Ok(number), StructFormat::Generic) if !number.is_finite() => {
                fails(written, "has no form in `google.protobuf.Struct`")
            }
            (_, StructFormat::MessagePack) if number::is_integer(written) => {
                fails(written, "is beyond 64 bits")
            }
            _ => Ok(()),
        },
        (Value::Array(items), _) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_number(item, format).map_err(|error| error.within(PathStep::Index(index)))
        }),
        (Value::Object(fields), _) => check_numbers(fields, format),
        _ => Ok(()),
    }
}

/// Reads MessagePack; `None` if the bytes are something else.
pub(super) fn unpack(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let packed = rmpv::decode::read_value(&mut rest).ok()?;
    rest.is_empty().then(|| to_json(&packed))
}

fn pack(value: &Value) -> Packed {
    match value {
        Value::Null => Packed::Nil,
        Value::Bool(flag) => Packed::Boolean(*flag),
        Value::Number(number) => pack_number(number),
        Value::String(text) => Packed::from(text.as_str()),
        Value::Array(items) => Packed::Array(items.iter().map(pack).collect()),
        Value::Object(_) if number::written(value).is_some() => {
            Packed::F64(number::written(value).map_or(f64::NAN, number::nearest_double))
        }
        Value::Object(fields) => {
            Packed::Map(fields.iter().map(|(key, value)| (Packed::from(key.as_str()), pack(value))).collect())
        }
    }
}

fn pack_number(number: &Number) -> Packed {
    if let Some(integer) = number.as_i64() {
        Packed::from(integer)
    } else if let Some(integer) = number.as_u64() {
        Packed::from(integer)
    } else {
        Packed::F64(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// What JSON has no form for becomes text: bytes as base64, keys and numbers as they are written.
fn to_json(packed: &Packed) -> Value {
    match packed {
        Packed::Nil => Value::Null,
        Packed::Boolean(flag) => json!(flag),
        Packed::Integer(integer) => match (integer.as_i64(), integer.as_u64()) {
            (Some(integer), _) => json!(integer),
            (None, unsigned) => json!(unsigned),
        },
        Packed::F32(number) => float_to_json(f64::from(*number)),
        Packed::F64(number) => float_to_json(*number),
        Packed::String(text) => Value::String(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        Packed::Binary(bytes) => Value::String(BASE64_STANDARD.encode(bytes)),
        Packed::Ext(kind, bytes) => json!({"type": kind, "value": BASE64_STANDARD.encode(bytes)}),
        Packed::Array(items) => items.iter().map(to_json).collect(),
        Packed::Map(entries) => {
            let entry = |(key, value): &(Packed, Packed)| {
                let key = match to_json(key) {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                (key, to_json(value))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
    }
}

/// Checks the names in a structure against the JSON schema that its type carries; whether there is one.
///
/// flytekit describes dataclasses so. Values are left to the receiver, which converts more than a schema
/// says.
pub(super) fn check_properties(
    fields: &Map<String, Value>,
    schema: Option<&Struct>,
) -> Result<bool, ValueError> {
    let Some(schema) = schema.map(struct_value::to_json) else { return Ok(false) };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(false) };
    if schema.get("additionalProperties") == Some(&json!(false))
        && let Some(name) = fields.keys().find(|name| !properties.contains_key(*name))
    {
        let known: Vec<_> = properties.keys().map(String::as_str).collect();
        return Err(ValueError::unknown("field", name, &known).within_name(name));
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            let kind = properties.get(name).and_then(|property| property.get("type")).and_then(Value::as_str);
            return Err(ValueError::new(ValueProblem::Missing {
                expected: kind.unwrap_or("any").to_owned(),
            })
            .within_name(name));
        }
    }
    Ok(true)
}
