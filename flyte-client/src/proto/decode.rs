//! Serialized messages, read without losing a field.
//!
//! Generated types forget what they do not know. So bytes are read twice: by reflection, which keeps unknown
//! fields and thereby finds them, and into the generated type.

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::{
    descriptor::descriptor_of,
    path::{FieldError, FieldPath, FieldProblem, PathStep},
};

/// Why bytes are not a message.
#[derive(Debug)]
pub(crate) enum MessageError {
    /// The bytes do not decode.
    Malformed(prost::DecodeError),
    /// A field that Flyte's message does not have.
    UnknownField(FieldError),
}

/// Decodes a message, and refuses fields that Flyte does not know.
pub(crate) fn decode<T: Message + Name + Default>(bytes: &[u8]) -> Result<T, MessageError> {
    let dynamic = DynamicMessage::decode(descriptor_of::<T>(), bytes).map_err(MessageError::Malformed)?;
    match find_unknown(&dynamic, &mut FieldPath::default()) {
        Some(error) => Err(MessageError::UnknownField(error)),
        None => T::decode(bytes).map_err(MessageError::Malformed),
    }
}

/// Rewrites parts of a message: `change` sees it and every message in it, outer ones first.
pub(crate) fn rewrite<T: Message + Name + Default>(message: &T, change: impl Fn(&mut DynamicMessage)) -> T {
    let mut dynamic = DynamicMessage::new(descriptor_of::<T>());
    dynamic.transcode_from(message).expect("a generated type encodes to its own message");
    visit(&mut dynamic, &change);
    dynamic.transcode_to().expect("a generated type decodes its own message")
}

fn visit(message: &mut DynamicMessage, change: &impl Fn(&mut DynamicMessage)) {
    // Free-form values hold no message of Flyte.
    if message.descriptor().full_name().starts_with("google.protobuf.") {
        return;
    }
    change(message);
    for (_, value) in message.fields_mut() {
        match value {
            Value::Message(inner) => visit(inner, change),
            Value::List(items) => {
                items.iter_mut().filter_map(Value::as_message_mut).for_each(|inner| visit(inner, change));
            }
            Value::Map(entries) => {
                entries.values_mut().filter_map(Value::as_message_mut).for_each(|inner| visit(inner, change));
            }
            _ => {}
        }
    }
}

fn find_unknown(message: &DynamicMessage, path: &mut FieldPath) -> Option<FieldError> {
    if let Some(field) = message.unknown_fields().next() {
        let problem = FieldProblem::UnknownNumber(field.number());
        return Some(FieldError::new(&message.descriptor(), path, problem));
    }
    message.fields().find_map(|(field, value)| {
        path.within(PathStep::Field(field.name().to_owned()), |path| find_unknown_in(value, path))
    })
}

fn find_unknown_in(value: &Value, path: &mut FieldPath) -> Option<FieldError> {
    match value {
        Value::Message(message) => find_unknown(message, path),
        Value::List(items) => items.iter().enumerate().find_map(|(index, item)| {
            path.within(PathStep::Index(index), |path| find_unknown_in(item, path))
        }),
        Value::Map(entries) => entries.iter().find_map(|(key, item)| {
            let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
            path.within(PathStep::Key(key), |path| find_unknown_in(item, path))
        }),
        _ => None,
    }
}
