//! Values that name files of this machine.

use std::path::Path;

use crate::proto::core::{
    Literal, LiteralMap, Scalar, blob_type::BlobDimensionality, literal::Value as LiteralValue,
    scalar::Value as ScalarValue,
};
use crate::proto::path::{FieldPath, PathStep};

/// A file, schema or data set that is only on this machine yet.
#[derive(Debug)]
pub struct LocalFile<'a> {
    /// The way to the value, such as `reads[0]`.
    pub at: FieldPath,
    /// Whether a folder is expected: a MULTIPART blob. `None` if both will do, as for data sets and schemas.
    pub folder: Option<bool>,
    /// Its path; the caller that uploads it sets the new URI here.
    pub uri: &'a mut String,
}

impl LocalFile<'_> {
    /// Returns where it is on this machine.
    pub fn path(&self) -> &Path {
        Path::new(self.uri.as_str())
    }
}

/// Finds the files, folders and data sets among values whose URI is a path: it has no scheme such as `s3://`.
pub fn local_files(values: &mut LiteralMap) -> Vec<LocalFile<'_>> {
    let mut found = Vec::new();
    for (name, literal) in &mut values.literals {
        collect(literal, &FieldPath(vec![PathStep::Field(name.clone())]), &mut found);
    }
    found
}

fn collect<'a>(literal: &'a mut Literal, at: &FieldPath, found: &mut Vec<LocalFile<'a>>) {
    let below = |step: PathStep| FieldPath(at.0.iter().cloned().chain([step]).collect());
    match &mut literal.value {
        Some(LiteralValue::Scalar(scalar)) => collect_scalar(scalar, at, found),
        Some(LiteralValue::Collection(list)) => {
            for (index, literal) in list.literals.iter_mut().enumerate() {
                collect(literal, &below(PathStep::Index(index)), found);
            }
        }
        Some(LiteralValue::Map(map)) => {
            for (key, literal) in &mut map.literals {
                collect(literal, &below(PathStep::Key(key.clone())), found);
            }
        }
        Some(LiteralValue::OffloadedMetadata(_)) | None => {}
    }
}

fn collect_scalar<'a>(scalar: &'a mut Scalar, at: &FieldPath, found: &mut Vec<LocalFile<'a>>) {
    let (uri, folder) = match &mut scalar.value {
        Some(ScalarValue::Blob(blob)) => {
            let of = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
            let folder = of.is_some_and(|of| of.dimensionality == i32::from(BlobDimensionality::Multipart));
            (&mut blob.uri, Some(folder))
        }
        Some(ScalarValue::Schema(schema)) => (&mut schema.uri, None),
        Some(ScalarValue::StructuredDataset(dataset)) => (&mut dataset.uri, None),
        Some(ScalarValue::Union(union)) => {
            if let Some(literal) = union.value.as_deref_mut() {
                collect(literal, at, found);
            }
            return;
        }
        _ => return,
    };
    if is_path(uri) {
        found.push(LocalFile { at: at.clone(), folder, uri });
    }
}

fn is_path(uri: &str) -> bool {
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    !uri.is_empty() && !scheme.is_some_and(is_scheme)
}
