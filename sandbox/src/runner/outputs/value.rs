//! From the bytes of an output's file to a value of its type.
//!
//! Simple values are read as copilot reads them (`MakeLiteralForSimpleType` of flyteidl's `coreutils`).
//! Lists, maps and unions, which copilot does not know, are JSON.

use std::path::Path;

use flyte_client::{
    documents::{self, number},
    literal::{from_json, rfc3339},
    proto::core::{
        Binary, Blob, BlobMetadata, Error, Literal, LiteralType, Primitive, Scalar, Schema, SimpleType,
        StructuredDataset, StructuredDatasetMetadata, Union, Void, blob_type::BlobDimensionality, literal,
        literal_type::Type, primitive, scalar,
    },
};

use crate::runner::go_format;

/// How much of an invalid value an error quotes.
const SHOWN: usize = 60;

/// Whether values of a type are files or folders.
pub(super) fn is_stored(expected: &LiteralType) -> bool {
    matches!(expected.r#type, Some(Type::Blob(_) | Type::Schema(_) | Type::StructuredDatasetType(_)))
}

/// Whether the file of an output may be missing: the output is optional.
pub(super) fn may_be_missing(expected: &LiteralType) -> bool {
    match &expected.r#type {
        Some(Type::Simple(simple)) => *simple == i32::from(SimpleType::None),
        Some(Type::UnionType(union)) => union.variants.iter().any(may_be_missing),
        _ => false,
    }
}

/// None, as a value of a type for which [`may_be_missing`] holds.
pub(super) fn nothing(expected: &LiteralType) -> Literal {
    let none = scalar(scalar::Value::NoneType(Void {}));
    match &expected.r#type {
        Some(Type::UnionType(union)) => match union.variants.iter().find(|variant| may_be_missing(variant)) {
            Some(variant) => in_union(nothing(variant), variant),
            None => none,
        },
        _ => none,
    }
}

/// The value of a file or folder with a URI.
pub(super) fn stored(expected: &LiteralType, path: &Path, uri: String) -> Result<Literal, String> {
    let value = match &expected.r#type {
        Some(Type::Blob(blob)) => {
            let folder = blob.dimensionality() == BlobDimensionality::Multipart;
            match (folder, path.is_dir()) {
                (true, false) => return Err(format!("`{}` is a file", path.display())),
                (false, true) => return Err(format!("`{}` is a folder", path.display())),
                _ => {}
            }
            scalar::Value::Blob(Blob { uri, metadata: Some(BlobMetadata { r#type: Some(blob.clone()) }) })
        }
        Some(Type::Schema(schema)) => scalar::Value::Schema(Schema { uri, r#type: Some(schema.clone()) }),
        Some(Type::StructuredDatasetType(dataset)) => scalar::Value::StructuredDataset(StructuredDataset {
            uri,
            metadata: Some(StructuredDatasetMetadata { structured_dataset_type: Some(dataset.clone()) }),
        }),
        _ => return Err("values of this type cannot be files".to_owned()),
    };
    Ok(scalar(value))
}

/// Reads a value.
///
/// # Errors
///
/// What was found instead.
pub(super) fn read(expected: &LiteralType, bytes: &[u8]) -> Result<Literal, String> {
    if let Some(Type::Simple(simple)) = expected.r#type
        && simple == i32::from(SimpleType::Binary)
    {
        return Ok(scalar(scalar::Value::Binary(Binary { value: bytes.to_vec(), tag: String::new() })));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "its file is not UTF-8 text".to_owned())?;
    let text = text.trim_matches([' ', '\n', '\t']);
    match &expected.r#type {
        Some(Type::Simple(simple)) => read_simple(*simple, text, expected),
        Some(Type::EnumType(of)) if of.values.iter().any(|value| value == text) => {
            Ok(primitive(primitive::Value::StringValue(text.to_owned())))
        }
        Some(Type::UnionType(union)) => {
            if text.is_empty() && may_be_missing(expected) {
                return Ok(nothing(expected));
            }
            let variants = union.variants.iter().filter(|variant| !is_stored(variant));
            let mut values =
                variants.filter_map(|variant| Some(in_union(read(variant, bytes).ok()?, variant)));
            values.next().ok_or_else(|| its_file_holds(text))
        }
        _ => read_json(text, expected),
    }
}

fn read_simple(simple: i32, text: &str, expected: &LiteralType) -> Result<Literal, String> {
    let value = match SimpleType::try_from(simple) {
        Ok(SimpleType::Boolean) => boolean(text).map(primitive::Value::Boolean),
        Ok(SimpleType::Datetime) => rfc3339(text).map(primitive::Value::Datetime),
        Ok(SimpleType::Duration) => go_format::parse_duration(text).map(primitive::Value::Duration),
        Ok(SimpleType::Float) => number::float(text).ok().map(primitive::Value::FloatValue),
        Ok(SimpleType::Integer) => text.parse().ok().map(primitive::Value::Integer),
        Ok(SimpleType::String) => Some(primitive::Value::StringValue(text.to_owned())),
        Ok(SimpleType::Error) => {
            let error = Error { message: text.to_owned(), ..Error::default() };
            return Ok(scalar(scalar::Value::Error(error)));
        }
        Ok(SimpleType::None) if matches!(text, "" | "null" | "None") => {
            return Ok(scalar(scalar::Value::NoneType(Void {})));
        }
        Ok(SimpleType::Struct) => return read_json(text, expected),
        Ok(SimpleType::Binary | SimpleType::None) | Err(_) => None,
    };
    value.map(primitive).ok_or_else(|| its_file_holds(text))
}

fn read_json(text: &str, expected: &LiteralType) -> Result<Literal, String> {
    let json = documents::parse_one(text, true)
        .map_err(|error| format!("{}, which is not JSON: {error}", its_file_holds(text)))?
        .ok_or_else(|| its_file_holds(text))?;
    from_json(&json, expected).map_err(|error| format!("{}: {error}", its_file_holds(text)))
}

fn its_file_holds(text: &str) -> String {
    if text.is_empty() {
        return "its file is empty".to_owned();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("its file holds `{}{more}`", shown.escape_debug())
}

/// The texts that Go's `strconv.ParseBool` accepts.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn primitive(value: primitive::Value) -> Literal {
    scalar(scalar::Value::Primitive(Primitive { value: Some(value) }))
}

fn scalar(value: scalar::Value) -> Literal {
    let scalar = Scalar { value: Some(value) };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Literal::default() }
}

fn in_union(value: Literal, variant: &LiteralType) -> Literal {
    let union = Union { value: Some(Box::new(value)), r#type: Some(variant.clone()) };
    scalar(scalar::Value::Union(Box::new(union)))
}

#[cfg(test)]
mod tests;
