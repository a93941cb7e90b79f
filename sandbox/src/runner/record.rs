//! How an attempt ended, on disk: for an engine that starts again and finds the process gone.
//!
//! `exit` has two lines: how the process ended (a code, `signal 9`, `none`) and the outcome in one word. It is written
//! last and at once, so whoever finds it also finds the outputs or the error.

use std::{fs, path::Path};

use flyte_client::proto::core::{ErrorDocument, LiteralMap};
use prost::Message as _;

use super::{
    Outcome,
    error::{self, AttemptError},
    folder::AttemptFolder,
};

const FAILED: &str = "failed";
const KILLED: &str = "killed";
const SUCCEEDED: &str = "succeeded";
const TIMED_OUT: &str = "timed out";

/// Writes down how an attempt ended.
pub(super) fn write(folder: &AttemptFolder, process: &str, outcome: &Outcome) -> Result<(), AttemptError> {
    let word = match outcome {
        Outcome::Failed { .. } => FAILED,
        Outcome::Killed => KILLED,
        Outcome::Succeeded(outputs) => {
            replace(&folder.outputs_message(), &outputs.encode_to_vec())?;
            SUCCEEDED
        }
        Outcome::TimedOut => TIMED_OUT,
    };
    replace(&folder.exit(), format!("{process}\n{word}\n").as_bytes())
}

/// Writes down why an attempt failed.
pub(super) fn write_error(folder: &AttemptFolder, document: &ErrorDocument) -> Result<(), AttemptError> {
    replace(&folder.error_message(), &document.encode_to_vec())
}

/// Writes a file that is either there as a whole or not at all.
fn replace(path: &Path, content: &[u8]) -> Result<(), AttemptError> {
    let partial = path.with_extension("partial");
    fs::write(&partial, content).map_err(AttemptError::files("write", &partial))?;
    fs::rename(&partial, path).map_err(AttemptError::files("write", path))
}

/// What an attempt came to; `None` if it did not get to its end.
pub(crate) fn recall(folder: &Path) -> Option<Outcome> {
    let folder = AttemptFolder::new(folder);
    let record = fs::read_to_string(folder.exit()).ok()?;
    match record.lines().nth(1)? {
        FAILED => {
            let document = ErrorDocument::decode(fs::read(folder.error_message()).ok()?.as_slice()).ok()?;
            Some(error::outcome(document))
        }
        KILLED => Some(Outcome::Killed),
        SUCCEEDED => {
            let outputs = LiteralMap::decode(fs::read(folder.outputs_message()).ok()?.as_slice()).ok()?;
            Some(Outcome::Succeeded(outputs))
        }
        TIMED_OUT => Some(Outcome::TimedOut),
        _ => None,
    }
}
