//! The one value of a launch plan whose type Flyte leaves open: its launch conditions.
//!
//! Proto3 JSON spells an `Any` out by the fields of its message, which takes its descriptor. For a message
//! that we do not know, the serialized bytes stand in `value`, in base64, as they do for well-known types;
//! so the conditions of any trigger survive a way through JSON or YAML.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use prost_types::Any;
use serde_json::{Value, json};

use super::descriptor;
use super::path::{FieldError, FieldPath, FieldProblem, PathStep};

/// The member of a JSON object that names its message.
pub(crate) const TYPE: &str = "@type";

/// Writes an `Any`.
pub(crate) fn write(any: &Any) -> Result<Value, serde_json::Error> {
    if message_of(&any.type_url).is_none() {
        return Ok(json!({ TYPE: any.type_url, "value": STANDARD.encode(&any.value) }));
    }
    let mut value = serde_json::to_value(dynamic(any))?;
    value.sort_all_objects();
    Ok(value)
}

/// Reads an `Any`; `path` is where `value` is in its document.
pub(crate) fn read(value: &Value, path: &mut FieldPath) -> Result<Any, FieldError> {
    let fail = |path: &FieldPath, problem| FieldError::new(&descriptor(), path, FieldProblem::Value(problem));
    let Some(type_url) = value.get(TYPE).and_then(Value::as_str) else {
        return Err(fail(path, format!("a message of an open type names it in `{TYPE}`")));
    };
    if let Some(known) = message_of(type_url) {
        return DynamicMessage::deserialize(descriptor(), value)
            .and_then(|dynamic| dynamic.transcode_to().map_err(serde::de::Error::custom))
            .map_err(|error| FieldError::new(&known, path, FieldProblem::Value(error.to_string())));
    }
    let object = value.as_object().expect("it has a member");
    if let Some(name) = object.keys().find(|name| *name != TYPE && *name != "value") {
        let known = vec![TYPE.to_owned(), "value".to_owned()];
        return Err(FieldError::new(
            &descriptor(),
            path,
            FieldProblem::UnknownName { name: name.clone(), known },
        ));
    }
    let bytes = object.get("value").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    let Some(bytes) = bytes else {
        return path.within(PathStep::Field("value".into()), |path| {
            Err(fail(path, format!("`{type_url}` is not known here, so its bytes must be given in base64")))
        });
    };
    Ok(Any { type_url: type_url.to_owned(), value: bytes })
}

fn message_of(type_url: &str) -> Option<MessageDescriptor> {
    descriptor::message(type_url.rsplit_once('/')?.1)
}

/// Re-homes an `Any` in our pool, which knows Flyte's messages.
fn dynamic(any: &Any) -> DynamicMessage {
    let mut dynamic = DynamicMessage::new(descriptor());
    dynamic.transcode_from(any).expect("an Any is an Any");
    dynamic
}

fn descriptor() -> MessageDescriptor {
    descriptor::message("google.protobuf.Any").expect("launch plans import it")
}
