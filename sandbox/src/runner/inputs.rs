//! Writes the inputs of a task as copilot does: a file for each, and all of them in one message and one
//! document.

use std::{
    fs,
    path::{Component, Path},
};

use flyte_client::proto::core::{
    Literal, LiteralCollection, LiteralMap, Scalar, data_loading_config::LiteralMapFormat, literal, scalar,
};
use prost::Message as _;

use super::{blob, document, error::AttemptError, text};
use crate::blobs::file_of_uri;

/// Writes the inputs into a folder, and returns them with the paths of their files there. `blobs`: the folder
/// of the sandbox's objects.
pub(super) fn write(
    inputs: &LiteralMap,
    folder: &Path,
    format: LiteralMapFormat,
    blobs: &Path,
) -> Result<LiteralMap, AttemptError> {
    let inputs = write_map(inputs, folder, blobs)?;
    let message = folder.join("inputs.pb");
    fs::write(&message, inputs.encode_to_vec()).map_err(AttemptError::files("write", message))?;
    let document = match format {
        LiteralMapFormat::Json => folder.join("inputs.json"),
        // JSON is a subset of YAML.
        LiteralMapFormat::Yaml => folder.join("inputs.yaml"),
        LiteralMapFormat::Proto => return Ok(inputs),
    };
    let text = format!("{:#}\n", document::inputs(&inputs));
    fs::write(&document, text).map_err(AttemptError::files("write", document))?;
    Ok(inputs)
}

fn write_map(inputs: &LiteralMap, folder: &Path, blobs: &Path) -> Result<LiteralMap, AttemptError> {
    let write = |(name, literal): (&String, &Literal)| {
        check_name(name)?;
        Ok((name.clone(), write_literal(name, literal, &folder.join(name), blobs)?))
    };
    Ok(LiteralMap { literals: inputs.literals.iter().map(write).collect::<Result<_, _>>()? })
}

/// Checks that a variable's name does not lead out of the folder.
pub(super) fn check_name(name: &str) -> Result<(), AttemptError> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) if part == name && !name.contains('\0') => Ok(()),
        _ => Err(AttemptError::Name { name: name.to_owned() }),
    }
}

fn write_literal(input: &str, literal: &Literal, path: &Path, blobs: &Path) -> Result<Literal, AttemptError> {
    let make = || fs::create_dir_all(path).map_err(AttemptError::files("create the folder", path));
    let value = match &literal.value {
        Some(literal::Value::Scalar(scalar)) => {
            Some(literal::Value::Scalar(Box::new(write_scalar(input, scalar, path, blobs)?)))
        }
        Some(literal::Value::Collection(collection)) => {
            make()?;
            let write = |(index, literal): (usize, &Literal)| {
                write_literal(input, literal, &path.join(index.to_string()), blobs)
            };
            let literals = collection.literals.iter().enumerate().map(write).collect::<Result<_, _>>()?;
            Some(literal::Value::Collection(LiteralCollection { literals }))
        }
        Some(literal::Value::Map(map)) => {
            make()?;
            Some(literal::Value::Map(write_map(map, path, blobs)?))
        }
        other => other.clone(),
    };
    Ok(Literal { value, ..literal.clone() })
}

fn write_scalar(input: &str, scalar: &Scalar, path: &Path, blobs: &Path) -> Result<Scalar, AttemptError> {
    let fetched = |uri: &str| fetch(input, uri, path, blobs);
    let value = match &scalar.value {
        Some(scalar::Value::Blob(blob)) => Some(scalar::Value::Blob(flyte_client::proto::core::Blob {
            uri: fetched(&blob.uri)?,
            ..blob.clone()
        })),
        Some(scalar::Value::Schema(schema)) => {
            let uri = fetched(&schema.uri)?;
            Some(scalar::Value::Schema(flyte_client::proto::core::Schema { uri, ..schema.clone() }))
        }
        Some(scalar::Value::StructuredDataset(dataset)) => {
            let uri = fetched(&dataset.uri)?;
            let dataset = flyte_client::proto::core::StructuredDataset { uri, ..dataset.clone() };
            Some(scalar::Value::StructuredDataset(dataset))
        }
        Some(scalar::Value::Union(union)) => {
            let value =
                union.value.as_deref().map(|value| write_literal(input, value, path, blobs)).transpose()?;
            let union = flyte_client::proto::core::Union { value: value.map(Box::new), ..(**union).clone() };
            Some(scalar::Value::Union(Box::new(union)))
        }
        other => {
            fs::write(path, text::in_file(scalar)).map_err(AttemptError::files("write", path))?;
            other.clone()
        }
    };
    Ok(Scalar { value })
}

/// Copies a file or folder, so that the task cannot change the original.
fn fetch(input: &str, uri: &str, to: &Path, blobs: &Path) -> Result<String, AttemptError> {
    let unreadable =
        |reason: String| AttemptError::Input { input: input.to_owned(), uri: uri.to_owned(), reason };
    let Some(from) = file_of_uri(blobs, uri) else {
        return Err(unreadable("neither a local file nor one of the sandbox".to_owned()));
    };
    fs::metadata(&from).map_err(|error| unreadable(error.to_string()))?;
    blob::copy(&from, to).map_err(|error| unreadable(error.to_string()))?;
    Ok(to.display().to_string())
}
