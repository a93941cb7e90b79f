//! Messages in proto3 JSON form, with errors that say where.
//!
//! Field names may be in either spelling (`taskNode`, `task_node`), as in every proto3 JSON reader; what is
//! written is in camel case, defaults left out, keys sorted: what `flytectl get … -o yaml` prints.

use std::borrow::Cow;

use prost::{Message, Name};
use prost_reflect::{
    DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions,
};
use serde_json::{Number, Value, json};

use super::{
    descriptor::descriptor_of,
    path::{FieldError, FieldPath, FieldProblem, PathStep},
};
use crate::documents::number;

/// Reads a message; `path` is where `value` is in its document.
pub(crate) fn read<T>(value: &Value, path: &mut FieldPath) -> Result<T, FieldError>
where
    T: Message + Name + Default,
{
    let descriptor = descriptor_of::<T>();
    let value = &with_proto_numbers(value);
    check_names(&descriptor, value, path)?;
    let dynamic = parse(&descriptor, value).map_err(|error| {
        locate(&descriptor, value, path).unwrap_or_else(|| fits_not(&descriptor, path, error))
    })?;
    Ok(dynamic.transcode_to().expect("a generated type decodes its own message"))
}

/// Infinities and not-a-number as proto3 JSON has them, where the message has a double
/// (`Primitive.float_value` is the only one).
fn with_proto_numbers(value: &Value) -> Cow<'_, Value> {
    fn replace(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(replace),
            Value::Object(object) => {
                for (key, value) in object.iter_mut() {
                    let double = number::written(value)
                        .filter(|_| matches!(key.as_str(), "floatValue" | "float_value"));
                    match double.and_then(|written| number::float(written).ok()) {
                        Some(double) => *value = float_to_json(double),
                        None => replace(value),
                    }
                }
            }
            _ => {}
        }
    }
    if !holds_unusual_number(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    replace(&mut value);
    Cow::Owned(value)
}

fn holds_unusual_number(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_unusual_number),
        Value::Object(object) => {
            number::written(value).is_some() || object.values().any(holds_unusual_number)
        }
        _ => false,
    }
}

/// Writes a message in proto3 JSON form: camel case, defaults left out, keys sorted.
///
/// # Errors
///
/// When it holds what JSON has no form for, such as a time in the year 12000.
pub fn to_json<T: Message + Name>(message: &T) -> Result<Value, serde_json::Error> {
    let mut dynamic = DynamicMessage::new(descriptor_of::<T>());
    dynamic.transcode_from(message).expect("a generated type encodes to its own message");
    let mut value =
        dynamic.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new())?;
    value.sort_all_objects();
    Ok(value)
}

/// A number, or the text that proto3 JSON has for one that JSON lacks.
#[must_use]
pub fn float_to_json(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => json!("NaN"),
        None => json!(if number > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

/// Returns the member of an object that holds a field, in either spelling.
pub(crate) fn member<'v>(object: &'v Value, camel: &str, snake: &str) -> Option<&'v Value> {
    object.get(camel).or_else(|| object.get(snake)).filter(|value| !value.is_null())
}

fn parse(descriptor: &MessageDescriptor, value: &Value) -> Result<DynamicMessage, serde_json::Error> {
    DynamicMessage::deserialize_with_options(descriptor.clone(), value, &DeserializeOptions::new())
}

fn fits_not(descriptor: &MessageDescriptor, path: &FieldPath, error: serde_json::Error) -> FieldError {
    FieldError::new(descriptor, path, FieldProblem::Value(error.to_string()))
}

fn field_of(descriptor: &MessageDescriptor, key: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_json_name(key).or_else(|| descriptor.get_field_by_name(key))
}

/// Finds names that a message does not have, and fields given twice, which parsers silently let pass.
fn check_names(
    descriptor: &MessageDescriptor,
    value: &Value,
    path: &mut FieldPath,
) -> Result<(), FieldError> {
    if let Some(written) = number::written(value) {
        return Err(FieldError::new(
            descriptor,
            path,
            FieldProblem::Value(format!("the number `{written}` does not fit")),
        ));
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    if descriptor.full_name().starts_with("google.protobuf.") {
        return Ok(());
    }
    for (key, value) in object {
        let Some(field) = field_of(descriptor, key) else {
            let known = descriptor.fields().map(|field| field.json_name().to_owned()).collect();
            let problem = FieldProblem::UnknownName { name: key.clone(), known };
            return Err(FieldError::new(descriptor, path, problem));
        };
        if key != field.json_name() && object.contains_key(field.json_name()) {
            return Err(FieldError::new(descriptor, path, FieldProblem::Twice(key.clone())));
        }
        if let Some(written) = number::written(value).filter(|_| !matches!(field.kind(), Kind::Message(_))) {
            let problem = FieldProblem::Value(format!("the number `{written}` does not fit"));
            return path.within(PathStep::Field(key.clone()), |path| {
                Err(FieldError::new(descriptor, path, problem))
            });
        }
        path.within(PathStep::Field(key.clone()), |path| {
            children(&field, value, path, |child, value, path| check_names(child, value, path).err())
        })
        .map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// Finds the innermost value that does not fit, after the whole message did not.
fn locate(descriptor: &MessageDescriptor, value: &Value, path: &mut FieldPath) -> Option<FieldError> {
    if descriptor.full_name().starts_with("google.protobuf.") {
        let error = parse(descriptor, value).err()?;
        return Some(fits_not(descriptor, path, error));
    }
    value.as_object()?.iter().find_map(|(key, value)| {
        let alone = Value::Object([(key.clone(), value.clone())].into_iter().collect());
        let error = parse(descriptor, &alone).err()?;
        let field = field_of(descriptor, key)?;
        path.within(PathStep::Field(key.clone()), |path| {
            let inner = children(&field, value, path, |child, value, path| {
                let error = parse(child, value).err()?;
                Some(locate(child, value, path).unwrap_or_else(|| fits_not(child, path, error)))
            });
            Some(inner.unwrap_or_else(|| fits_not(descriptor, path, error)))
        })
    })
}

/// Calls `visit` for each message that a field holds, until it finds something.
fn children<T>(
    field: &FieldDescriptor,
    value: &Value,
    path: &mut FieldPath,
    visit: impl Fn(&MessageDescriptor, &Value, &mut FieldPath) -> Option<T>,
) -> Option<T> {
    let Kind::Message(message) = field.kind() else { return None };
    if field.is_map() {
        let Kind::Message(message) = message.map_entry_value_field().kind() else { return None };
        return value.as_object()?.iter().find_map(|(key, value)| {
            path.within(PathStep::Key(key.clone()), |path| visit(&message, value, path))
        });
    }
    if field.is_list() {
        return value.as_array()?.iter().enumerate().find_map(|(index, value)| {
            path.within(PathStep::Index(index), |path| visit(&message, value, path))
        });
    }
    if value.is_null() { None } else { visit(&message, value, path) }
}
