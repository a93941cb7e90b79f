//! Literals from their parts.

use serde_json::{Map, Value};

use super::fit::Fit;
use crate::proto::core::{
    self, Blob, BlobMetadata, BlobType, Literal, LiteralType, Primitive, Scalar, Schema, SchemaType,
    StructuredDataset, StructuredDatasetMetadata, StructuredDatasetType, Void, blob_type::BlobDimensionality,
    literal::Value as LiteralValue, literal_type::Type, primitive::Value as PrimitiveValue,
    scalar::Value as ScalarValue,
};

pub(super) fn literal(value: LiteralValue) -> Literal {
    Literal { value: Some(value), ..Literal::default() }
}

pub(super) fn scalar(value: ScalarValue) -> Literal {
    literal(LiteralValue::Scalar(Box::new(Scalar { value: Some(value) })))
}

fn primitive(value: PrimitiveValue) -> Literal {
    scalar(ScalarValue::Primitive(Primitive { value: Some(value) }))
}

pub(super) fn none() -> Literal {
    scalar(ScalarValue::NoneType(Void {}))
}

pub(super) fn boolean(flag: bool) -> Literal {
    primitive(PrimitiveValue::Boolean(flag))
}

pub(super) fn integer(integer: i64) -> Literal {
    primitive(PrimitiveValue::Integer(integer))
}

pub(super) fn float(number: f64) -> Literal {
    primitive(PrimitiveValue::FloatValue(number))
}

pub(super) fn text(text: &str) -> Literal {
    primitive(PrimitiveValue::StringValue(text.to_owned()))
}

pub(super) fn datetime(time: prost_types::Timestamp) -> Literal {
    primitive(PrimitiveValue::Datetime(time))
}

pub(super) fn duration(duration: prost_types::Duration) -> Literal {
    primitive(PrimitiveValue::Duration(duration))
}

/// `{message: …, failedNodeId: …}`, or a message alone.
pub(super) fn error(value: &Value) -> Option<(Literal, Fit)> {
    let (message, failed_node_id, fit) = match value {
        Value::String(text) => (text.clone(), String::new(), Fit::ANY_REFERENCE),
        Value::Object(fields) if only(fields, &["failedNodeId", "message"]) => {
            (text_of(fields, "message")?, text_of(fields, "failedNodeId")?, Fit::REFERENCE)
        }
        _ => return None,
    };
    Some((scalar(ScalarValue::Error(core::Error { failed_node_id, message })), fit))
}

/// A file, schema or data set: a URI or path, or a map with `uri` and perhaps `format` and `dimensionality`.
pub(super) fn stored(value: &Value, expected: &LiteralType) -> Option<(Literal, Fit)> {
    let empty = Map::new();
    let (uri, fields, fit) = match value {
        Value::String(uri) => (uri.clone(), &empty, reference_fit(uri)),
        Value::Object(fields) if only(fields, &["dimensionality", "format", "uri"]) => {
            (fields.get("uri")?.as_str()?.to_owned(), fields, Fit::REFERENCE)
        }
        _ => return None,
    };
    let format = text_of(fields, "format")?;
    let value = match &expected.r#type {
        Some(Type::Blob(blob)) => self::blob(uri, &format, fields.get("dimensionality"), blob)?,
        Some(Type::Schema(of)) if fields.len() <= 1 => schema(uri, of),
        Some(Type::StructuredDatasetType(of)) if !fields.contains_key("dimensionality") => {
            dataset(uri, &format, of)?
        }
        _ => return None,
    };
    Some((scalar(value), fit))
}

/// A text that is nothing but a URI or a path does not only happen to be allowed.
fn reference_fit(uri: &str) -> Fit {
    let path = ["/", "./", "../", "~/"].iter().any(|start| uri.starts_with(start));
    if path || uri.contains("://") { Fit::REFERENCE } else { Fit::ANY_REFERENCE }
}

fn blob(uri: String, format: &str, dimensionality: Option<&Value>, of: &BlobType) -> Option<ScalarValue> {
    let dimensionality = match dimensionality.map(Value::as_str) {
        None => of.dimensionality,
        Some(name) => BlobDimensionality::from_str_name(name?)?.into(),
    };
    let of = BlobType { format: combined(format, &of.format)?, dimensionality };
    Some(ScalarValue::Blob(Blob { metadata: Some(BlobMetadata { r#type: Some(of) }), uri }))
}

fn schema(uri: String, of: &SchemaType) -> ScalarValue {
    ScalarValue::Schema(Schema { uri, r#type: Some(of.clone()) })
}

fn dataset(uri: String, format: &str, of: &StructuredDatasetType) -> Option<ScalarValue> {
    let of = StructuredDatasetType { format: combined(format, &of.format)?, ..of.clone() };
    let metadata = StructuredDatasetMetadata { structured_dataset_type: Some(of) };
    Some(ScalarValue::StructuredDataset(StructuredDataset { uri, metadata: Some(metadata) }))
}

/// The format that is given, where the type leaves it open.
fn combined(given: &str, expected: &str) -> Option<String> {
    match (given, expected) {
        ("", format) | (format, "") => Some(format.to_owned()),
        (given, expected) => given.eq_ignore_ascii_case(expected).then(|| expected.to_owned()),
    }
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> bool {
    !fields.is_empty() && fields.keys().all(|key| known.contains(&key.as_str()))
}

fn text_of(fields: &Map<String, Value>, key: &str) -> Option<String> {
    match fields.get(key) {
        None => Some(String::new()),
        Some(value) => value.as_str().map(str::to_owned),
    }
}
