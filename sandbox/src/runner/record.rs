//! How an attempt ended, on disk, for the next engine.
//!
//! `exit` has two lines: how the process ended (a code, `signal 9`, `none`) and the outcome in one word. It
//! is written last and atomically, so where it exists the outputs or the error exist, too.

use std::{fs, path::Path};

use flyte_client::{
    atomic_file,
    proto::core::{DynamicJobSpec, ErrorDocument, LiteralMap},
};
use prost::Message as _;

use super::{
    attempt::AttemptOutcome,
    error::{self, AttemptError},
    folder::AttemptFolder,
};

const DYNAMIC: &str = "dynamic";
const FAILED: &str = "failed";
const KILLED: &str = "killed";
const SUCCEEDED: &str = "succeeded";
const TIMED_OUT: &str = "timed out";

/// Records how an attempt ended.
pub(super) fn write(
    folder: &AttemptFolder,
    process: &str,
    outcome: &AttemptOutcome,
) -> Result<(), AttemptError> {
    let word = match outcome {
        // The job is a file of the task's own.
        AttemptOutcome::Dynamic(_) => DYNAMIC,
        AttemptOutcome::Failed { .. } => FAILED,
        AttemptOutcome::Killed => KILLED,
        AttemptOutcome::Succeeded(outputs) => {
            replace(&folder.outputs_message(), &outputs.encode_to_vec())?;
            SUCCEEDED
        }
        AttemptOutcome::TimedOut => TIMED_OUT,
    };
    replace(&folder.exit(), format!("{process}\n{word}\n").as_bytes())
}

/// Records why an attempt failed.
pub(super) fn write_error(folder: &AttemptFolder, document: &ErrorDocument) -> Result<(), AttemptError> {
    replace(&folder.error_message(), &document.encode_to_vec())
}

fn replace(path: &Path, content: &[u8]) -> Result<(), AttemptError> {
    atomic_file::replace(path, content).map_err(AttemptError::files("write", path))
}

/// The recorded outcome of an attempt; `None` if it did not end.
pub(crate) fn recall(folder: &Path) -> Option<AttemptOutcome> {
    let folder = AttemptFolder::new(folder);
    let record = fs::read_to_string(folder.exit()).ok()?;
    match record.lines().nth(1)? {
        DYNAMIC => {
            let job = DynamicJobSpec::decode(fs::read(folder.futures_message()).ok()?.as_slice()).ok()?;
            Some(AttemptOutcome::Dynamic(Box::new(job)))
        }
        FAILED => {
            let document = ErrorDocument::decode(fs::read(folder.error_message()).ok()?.as_slice()).ok()?;
            Some(error::outcome(document))
        }
        KILLED => Some(AttemptOutcome::Killed),
        SUCCEEDED => {
            let outputs = LiteralMap::decode(fs::read(folder.outputs_message()).ok()?.as_slice()).ok()?;
            Some(AttemptOutcome::Succeeded(outputs))
        }
        TIMED_OUT => Some(AttemptOutcome::TimedOut),
        _ => None,
    }
}
