//! Collects the outputs of a task, as copilot does: for each output the file with its name.

mod file;
mod value;

use std::{fs, path::Path};

use flyte_client::{
    literal::type_name,
    proto::core::{
        ContainerError, DynamicJobSpec, ErrorDocument, Literal, LiteralMap, LiteralType, VariableMap,
        literal_type::Type,
    },
};
use prost::Message as _;

use super::{blob, error::AttemptError, folder::AttemptFolder, inputs::check_name, log::RunnerLog};
use crate::blobs::uri_of_file;

/// The largest file of a value: propeller's limit for all outputs together.
const MAX_VALUE: u64 = 10 * 1024 * 1024;

/// Copilot's limit for the file of a value.
const COPILOT_MAX_VALUE: u64 = 1024;

/// How much of an error file is read; copilot's limit.
const MAX_ERROR: u64 = 1024 * 1024;

/// The failure that the task itself reported.
pub(super) fn reported_error(folder: &AttemptFolder, declared: Option<&VariableMap>) -> Option<AttemptError> {
    let document = |path: &Path| {
        let document = ErrorDocument::decode(fs::read(path).ok()?.as_slice()).ok()?;
        Some(AttemptError::Reported { error: Box::new(document.error?) })
    };
    let text = |name: &str| {
        let is_output = declared.is_some_and(|declared| declared.variables.contains_key(name));
        let path = folder.outputs().join(name);
        let is_error = !is_output && fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
        is_error.then(|| AttemptError::Reported { error: Box::new(read_error(&path)) })
    };
    document(&folder.error_message())
        .or_else(|| document(&folder.outputs().join("error.pb")))
        .or_else(|| text("error"))
        .or_else(|| text("_ERROR"))
}

/// The error in a text file, which is recoverable, as in copilot.
fn read_error(path: &Path) -> ContainerError {
    use flyte_client::proto::core::{container_error::Kind, execution_error::ErrorKind};
    let message = match file::read(path, MAX_ERROR) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim_end().to_owned(),
        Err(reason) => format!("could not read the task's error file: {reason}"),
    };
    ContainerError {
        message: if message.is_empty() { "the task left an empty error file".to_owned() } else { message },
        kind: Kind::Recoverable.into(),
        origin: ErrorKind::User.into(),
        ..ContainerError::default()
    }
}

/// The workflow that a dynamic task made instead of outputs.
pub(super) fn job(folder: &AttemptFolder) -> Result<Option<DynamicJobSpec>, AttemptError> {
    let path = folder.futures_message();
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = |reason: String| AttemptError::Outputs { path: path.clone(), reason };
    let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    DynamicJobSpec::decode(bytes.as_slice()).map(Some).map_err(|error| unreadable(error.to_string()))
}

/// Where output files are kept.
pub(super) struct Kept<'a> {
    /// The folder of the sandbox's objects.
    pub(super) blobs: &'a Path,
    /// The folder of this attempt below it.
    pub(super) folder: &'a Path,
}

/// Collects the declared outputs. Files are moved to where they are kept.
pub(super) fn collect(
    declared: Option<&VariableMap>,
    folder: &AttemptFolder,
    kept: &Kept<'_>,
    log: &mut RunnerLog,
) -> Result<LiteralMap, AttemptError> {
    let message = folder.outputs_message();
    if message.exists() {
        let outputs = |reason: String| AttemptError::Outputs { path: message.clone(), reason };
        let bytes = fs::read(&message).map_err(|error| outputs(error.to_string()))?;
        return LiteralMap::decode(bytes.as_slice()).map_err(|error| outputs(error.to_string()));
    }
    let mut outputs = LiteralMap::default();
    for (name, variable) in declared.into_iter().flat_map(|declared| &declared.variables) {
        check_name(name)?;
        let expected = variable.r#type.clone().unwrap_or_default();
        let literal = collect_one(name, &expected, folder, kept, log)?;
        outputs.literals.insert(name.clone(), literal);
    }
    Ok(outputs)
}

fn collect_one(
    name: &str,
    expected: &LiteralType,
    folder: &AttemptFolder,
    kept: &Kept<'_>,
    log: &mut RunnerLog,
) -> Result<Literal, AttemptError> {
    let invalid = |given: String| AttemptError::OutputInvalid {
        output: name.to_owned(),
        expected: type_name(expected),
        given,
    };
    let path = match file::find(&folder.outputs(), name).map_err(&invalid)? {
        Some(path) => path,
        None if value::may_be_missing(expected) => return Ok(value::nothing(expected)),
        None => {
            return Err(AttemptError::OutputMissing {
                output: name.to_owned(),
                expected: type_name(expected),
                path: folder.outputs().join(name),
            });
        }
    };
    if value::is_stored(expected) {
        for link in blob::check(&path, &folder.outputs()).map_err(&invalid)? {
            log.line(&format!(
                "output `{name}`: {link} is a link to a folder that it is in, and is left out"
            ));
        }
        let to = kept.folder.join(name);
        let literal = value::stored(expected, &path, uri_of_file(kept.blobs, &to)).map_err(&invalid)?;
        blob::keep(&path, &to).map_err(AttemptError::files("keep an output at", to))?;
        return Ok(literal);
    }
    let bytes = file::read(&path, MAX_VALUE).map_err(&invalid)?;
    note_what_copilot_refuses(name, expected, bytes.len(), log);
    value::read(expected, &bytes).map_err(invalid)
}

/// Logs what works here and fails on a cluster.
fn note_what_copilot_refuses(name: &str, expected: &LiteralType, length: usize, log: &mut RunnerLog) {
    if u64::try_from(length).is_ok_and(|length| length > COPILOT_MAX_VALUE) {
        log.line(&format!(
            "output `{name}` has {length} bytes; on a cluster, a value has at most {COPILOT_MAX_VALUE}"
        ));
    }
    if !matches!(expected.r#type, Some(Type::Simple(_))) {
        log.line(&format!(
            "output `{name}` is {}; on a cluster, container outputs are simple values and files only",
            type_name(expected)
        ));
    }
}
