//! Files that a result points to.

use std::path::Path;

use flyte_client::proto::core::{Literal, LiteralMap, Scalar, literal, scalar};

/// Whether every file of this machine that the outputs name is still there.
pub(super) fn are_there(outputs: &LiteralMap) -> bool {
    outputs.literals.values().all(is_there)
}

fn is_there(literal: &Literal) -> bool {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => part_is_there(scalar),
        Some(literal::Value::Collection(collection)) => collection.literals.iter().all(is_there),
        Some(literal::Value::Map(map)) => are_there(map),
        Some(literal::Value::OffloadedMetadata(offloaded)) => exists(&offloaded.uri),
        None => true,
    }
}

fn part_is_there(scalar: &Scalar) -> bool {
    match &scalar.value {
        Some(scalar::Value::Blob(blob)) => exists(&blob.uri),
        Some(scalar::Value::Schema(schema)) => exists(&schema.uri),
        Some(scalar::Value::StructuredDataset(dataset)) => exists(&dataset.uri),
        Some(scalar::Value::Union(union)) => union.value.as_deref().is_none_or(is_there),
        _ => true,
    }
}

fn exists(uri: &str) -> bool {
    let path = Path::new(uri.strip_prefix("file://").unwrap_or(uri));
    !path.is_absolute() || path.exists()
}
