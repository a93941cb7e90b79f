//! Between bytes and the JSON of recordings: field names of the `.proto` files, enums by name, defaults left
//! out.

use flyte_client::proto::descriptor;
use prost::Message as _;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use serde_json::Value;

use super::answer::{RecordedAnswer, code};

/// The method of a path such as `/flyteidl.service.AdminService/GetTask`.
pub(super) fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let service = descriptor::pool().get_service_by_name(service)?;
    service.methods().find(|known| known.name() == method)
}

/// A message's JSON, from its bytes.
pub(super) fn decode(message: MessageDescriptor, bytes: &[u8]) -> Option<Value> {
    to_json(&DynamicMessage::decode(message, bytes).ok()?)
}

/// The same message's JSON in the one form that can be compared.
pub(super) fn canonical(message: MessageDescriptor, json: &Value) -> Option<Value> {
    to_json(&from_json(message, json)?)
}

/// A message's bytes, from its JSON.
pub(super) fn encode(message: MessageDescriptor, json: &Value) -> Vec<u8> {
    let name = message.full_name().to_owned();
    let message = from_json(message, json);
    message.unwrap_or_else(|| panic!("no `{name}`: {json}")).encode_to_vec()
}

fn from_json(message: MessageDescriptor, json: &Value) -> Option<DynamicMessage> {
    // Fields of a newer Flyte that these messages lack do not matter to the tests.
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    DynamicMessage::deserialize_with_options(message, json, &options).ok()
}

fn to_json(message: &DynamicMessage) -> Option<Value> {
    let options = SerializeOptions::new().use_proto_field_name(true);
    message.serialize_with_options(serde_json::value::Serializer, &options).ok()
}

/// `google.rpc.Status`, whose `.proto` file is not among Flyte's.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// What the trailer `grpc-status-details-bin` holds; `None` without details.
pub(super) fn details(refusal: &RecordedAnswer) -> Option<Vec<u8>> {
    let RecordedAnswer::Refusal { code: name, message, details } = refusal else { return None };
    let details: Vec<_> = details.iter().filter_map(any).collect();
    let status = Status { code: code(name), message: message.clone(), details };
    (!status.details.is_empty()).then(|| status.encode_to_vec())
}

fn any(json: &Value) -> Option<prost_types::Any> {
    let type_url = json["@type"].as_str()?.to_owned();
    let message = descriptor::message(type_url.rsplit('/').next()?)?;
    let mut fields = json.as_object()?.clone();
    fields.remove("@type");
    Some(prost_types::Any { type_url, value: encode(message, &fields.into()) })
}
