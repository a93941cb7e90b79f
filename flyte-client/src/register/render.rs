//! Entities as text and as files: all that is written here can be read back by [`read`](super::read()).
//!
//! A document is the proto3 JSON form of a message with `@type` added, which is also the proto3 JSON form of
//! an `Any`: every protobuf library reads it.

use std::{
    collections::BTreeMap,
    error, fmt, fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Entity, RegisterItem};
use crate::{atomic_file, proto::any::TYPE};

/// A form of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// One array.
    Json,
    /// One document for each entity.
    Yaml,
}

/// What could not be written, and why.
#[derive(Debug)]
pub struct WriteError {
    what: String,
    cause: Box<dyn error::Error + Send + Sync>,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}", self.what)
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

fn failed(what: String, cause: impl Into<Box<dyn error::Error + Send + Sync>>) -> WriteError {
    WriteError { what, cause: cause.into() }
}

/// Writes entities as one text, which ends with a line break.
///
/// # Errors
///
/// When an entity holds a value that JSON has no form for, such as a time outside the years 1 to 9999.
pub fn text<'e>(
    entities: impl IntoIterator<Item = &'e Entity>,
    form: TextFormat,
) -> Result<String, WriteError> {
    let documents = entities.into_iter().map(document).collect::<Result<Vec<_>, _>>()?;
    match form {
        TextFormat::Json => serde_json::to_string_pretty(&documents)
            .map(|text| text + "\n")
            .map_err(|error| failed("JSON".into(), error)),
        TextFormat::Yaml => {
            documents.iter().map(yaml).collect::<Result<Vec<_>, _>>().map(|texts| texts.join("---\n"))
        }
    }
}

fn document(entity: &Entity) -> Result<Value, WriteError> {
    let value = entity.to_json().map_err(|error| failed(name(entity), error))?;
    let mut object = serde_json::Map::new();
    object.insert(TYPE.into(), format!("type.googleapis.com/{}", entity.kind().message_name()).into());
    object.extend(value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Value::Object(object))
}

fn yaml(document: &Value) -> Result<String, WriteError> {
    // Folded text reads well but depends on trailing blanks, which editors remove.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options).map_err(|error| failed("YAML".into(), error))
}

fn name(entity: &Entity) -> String {
    let name = entity.id().map_or("", |id| id.name.as_str());
    format!("{} `{name}`", entity.kind())
}

/// Writes each entity to its own file in `folder`, named as in a package of `pyflyte package`, and the code
/// archives beside them; returns the files in the order of `entries`, archives last.
///
/// The folder is made if need be. Files of the same names are replaced; each appears whole or not at all.
///
/// # Errors
///
/// When the folder holds `.pb` files of another package, which would be registered together with these, when
/// two archives have one name, or when the system refuses.
pub fn files(entries: &[RegisterItem], folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let width = entries.len().saturating_sub(1).to_string().len();
    let mut contents: Vec<(String, Vec<u8>)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        contents.push((file_name(index, width, &entry.entity), entry.entity.encode()));
    }
    let mut archives = BTreeMap::new();
    for archive in entries.iter().filter_map(|entry| entry.archive.as_ref()) {
        let other = archives.insert(&archive.name, archive);
        if other.is_some_and(|other| other.bytes != archive.bytes) {
            return Err(failed(
                format!("`{}`", archive.name),
                "two packages have a code archive of this name",
            ));
        }
    }
    contents.extend(archives.into_iter().map(|(name, archive)| (name.clone(), archive.bytes.clone())));

    let fail = |path: &Path, error: io::Error| failed(format!("`{}`", path.display()), error);
    fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
    let stranger = stranger(folder, &contents).map_err(|error| fail(folder, error))?;
    if let Some(other) = stranger {
        let cause = format!("the folder holds `{other}` of another package");
        return Err(failed(format!("to `{}`", folder.display()), cause));
    }
    contents
        .iter()
        .map(|(name, bytes)| {
            let path = folder.join(name);
            atomic_file::replace(&path, bytes).map(|()| path.clone()).map_err(|error| fail(&path, error))
        })
        .collect()
}

/// Leaves room for index and ending in the 255 bytes that file systems allow.
const LONGEST_NAME: usize = 200;

/// Names a file as `flytekit.tools.serialize_helpers` does. The name within is for people: what is registered
/// is in the file, so characters that a file system may refuse are replaced.
fn file_name(index: usize, width: usize, entity: &Entity) -> String {
    let name = entity.id().map_or("", |id| id.name.as_str());
    let tame = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let mut name: String = name.chars().map(tame).collect();
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    format!("{index:0width$}_{name}_{}.pb", entity.kind().file_number())
}

/// Finds a file of a package that is not about to be replaced.
fn stranger(folder: &Path, contents: &[(String, Vec<u8>)]) -> io::Result<Option<String>> {
    for file in fs::read_dir(folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".pb") && !contents.iter().any(|(ours, _)| *ours == name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
