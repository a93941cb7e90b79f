//! Values as text: in commands as propeller writes them, in files as copilot does.
//!
//! Neither supports all types, and a task that depends on the rest fails on a cluster. Supported here in
//! addition: a union as its value, none as `null`, and in commands maps and structures as JSON.

use flyte_client::proto::core::{Literal, Primitive, Scalar, literal, primitive, scalar};

use super::{go_format, msgpack};

/// The text of an input in a command.
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
        Some(literal::Value::OffloadedMetadata(_)) => Err("the value is offloaded".to_owned()),
        None => Err("the input has no value".to_owned()),
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
        Some(Binary(binary)) if binary.tag == msgpack::TAG => match msgpack::unpack(&binary.value) {
            Some(value) => Ok(msgpack::to_go_text(&value)),
            None => Err("its bytes are not MessagePack".to_owned()),
        },
        Some(Binary(_)) => {
            Err("bytes cannot be part of a command; read them from the input's file".to_owned())
        }
        Some(Error(error)) => Ok(error.message.clone()),
        Some(Generic(_)) => Ok(super::document::scalar(scalar).to_string()),
        Some(NoneType(_)) => Ok("null".to_owned()),
        Some(Union(union)) => {
            union.value.as_deref().map_or(Err("the input has no value".to_owned()), in_command)
        }
        None => Err("the input has no value".to_owned()),
    }
}

/// The content of a scalar input's file.
pub(super) fn in_file(scalar: &Scalar) -> Vec<u8> {
    match &scalar.value {
        Some(scalar::Value::Primitive(primitive)) => primitive_text(primitive).into_bytes(),
        Some(scalar::Value::Binary(binary)) => binary.value.clone(),
        Some(scalar::Value::Error(error)) => error.message.clone().into_bytes(),
        _ => super::document::scalar(scalar).to_string().into_bytes(),
    }
}

/// A primitive's text, with floats as in files.
fn primitive_text(primitive: &Primitive) -> String {
    match &primitive.value {
        Some(primitive::Value::Boolean(value)) => value.to_string(),
        Some(primitive::Value::Datetime(value)) => go_format::datetime(value),
        Some(primitive::Value::Duration(value)) => go_format::duration(value),
        Some(primitive::Value::FloatValue(value)) => go_format::float(*value),
        Some(primitive::Value::Integer(value)) => value.to_string(),
        Some(primitive::Value::StringValue(value)) => value.clone(),
        None => "null".to_owned(),
    }
}
