//! Answers, as JSON in the one form that can be compared: field names of the `.proto` files, enums by name,
//! defaults left out.

use std::fmt;

use flyte_client::{Status, proto::descriptor};
use prost::Message as _;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use sandbox::Sandbox;
use serde_json::{Value, json};

use super::recording::Recording;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Message(Value),
    Refusal {
        code: String,
        text: String,
        details: Vec<Value>,
    },
    /// A message of a type that is unknown.
    Unknown,
}

impl Answer {
    pub(crate) fn from_recording(line: &Value, method: Option<&MethodDescriptor>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(error) = line.get("error") {
            let details = error["details"].as_array().into_iter().flatten().filter_map(canonical_any);
            return Self::Refusal {
                code: text(&error["code"]),
                text: text(&error["message"]),
                details: details.collect(),
            };
        }
        let message = method.and_then(|method| from_json(method.output(), &line["answer"]));
        message.map_or(Self::Unknown, |message| Self::Message(to_json(&message)))
    }

    fn from_status(status: &Status) -> Self {
        let details = RpcStatus::decode(&status.details[..]).unwrap_or_default().details;
        Self::Refusal {
            code: status.code.name().to_owned(),
            text: status.message.clone(),
            details: details.iter().filter_map(any_to_json).collect(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => write!(f, "{message}"),
            Self::Refusal { code, text, details } if details.is_empty() => write!(f, "{code}: {text}"),
            Self::Refusal { code, text, details } => write!(f, "{code}: {text} {}", json!(details)),
            Self::Unknown => f.write_str("?"),
        }
    }
}

/// The sandbox's answer to a recorded request.
pub(crate) fn ask(sandbox: &Sandbox, recording: &Recording) -> Answer {
    call(sandbox, &recording.service, &recording.method, &recording.request)
}

/// The sandbox's answer to a request as proto3 JSON.
pub(crate) fn call(sandbox: &Sandbox, service: &str, name: &str, request: &Value) -> Answer {
    let path = format!("/{service}/{name}");
    let method = method(service, name);
    let request = method.as_ref().map(|method| from_json(method.input(), request).unwrap());
    match (sandbox.answer(&path, &request.map(|request| request.encode_to_vec()).unwrap_or_default()), method)
    {
        (Err(status), _) => Answer::from_status(&status),
        (Ok(bytes), Some(method)) => {
            let message = DynamicMessage::decode(method.output(), bytes.as_slice()).unwrap();
            Answer::Message(to_json(&message))
        }
        (Ok(_), None) => Answer::Unknown,
    }
}

/// `None` for a method that no version knows.
pub(crate) fn method(service: &str, name: &str) -> Option<MethodDescriptor> {
    let service = descriptor::pool().get_service_by_name(service)?;
    service.methods().find(|method| method.name() == name)
}

fn from_json(message: MessageDescriptor, json: &Value) -> Option<DynamicMessage> {
    // Fields of a newer Flyte do not matter.
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    DynamicMessage::deserialize_with_options(message, json, &options).ok()
}

fn to_json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().use_proto_field_name(true);
    message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
}

/// `google.rpc.Status`, whose `.proto` file is not among Flyte's.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

fn any_to_json(any: &prost_types::Any) -> Option<Value> {
    let descriptor = descriptor::message(any.type_url.rsplit('/').next()?)?;
    let message = DynamicMessage::decode(descriptor, any.value.as_slice()).ok()?;
    Some(json!([any.type_url, to_json(&message)]))
}

fn canonical_any(json: &Value) -> Option<Value> {
    let mut fields = json.as_object()?.clone();
    let url = fields.remove("@type")?;
    let descriptor = descriptor::message(url.as_str()?.rsplit('/').next()?)?;
    Some(json!([url, to_json(&from_json(descriptor, &fields.into())?)]))
}
