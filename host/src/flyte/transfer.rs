//! Files to and from Flyte's object store: by signed URLs, else with the user's own keys.
//!
//! The server signs a URL for each file; it cannot list folders. The embedded sandbox returns local paths. A
//! path from any other server is a file on that server, which has to sign a URL for it.

mod bucket;
mod download;
mod file_name;
mod upload;

pub use self::{
    bucket::upload_to,
    download::{Downloaded, ObjectShape, download, read},
    file_name::safe_name,
    upload::{check, upload},
};

use std::path::PathBuf;

use flyte_client::data;
use indicatif::{ProgressBar, ProgressStyle};

use super::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit, stream::Stream};

/// How many files are transferred at once.
const AT_ONCE: usize = 8;

/// The path of a `file://` URL or path, if the object store is local.
fn local_file(session: &Session, url: &str) -> Option<PathBuf> {
    let path = PathBuf::from(url.strip_prefix("file://").unwrap_or(url));
    (session.is_embedded_sandbox() && path.is_absolute()).then_some(path)
}

/// The failure of a transfer under a message of the caller.
fn failure(what: String, error: data::TransferError) -> CommandError {
    let hint = error.hint();
    CommandError::from_error(Exit::Failed, error).context(what).hint(hint)
}

/// The progress of one file on a terminal; removed when it is dropped.
struct TransferLine(ProgressBar);

impl TransferLine {
    /// `length` in bytes; 0 if unknown.
    fn new(name: &str, length: u64) -> Self {
        if !Stream::Err.is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let (line, template) = match length {
            0 => (ProgressBar::new_spinner(), "{spinner} {msg}  {bytes}  {bytes_per_sec}"),
            length => (ProgressBar::new(length), "{msg}  [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}"),
        };
        let style = ProgressStyle::with_template(template);
        let line = line.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        line.set_message(flyte_text::sanitize_line(name).into_owned());
        Self(line)
    }

    /// `done` in bytes.
    fn set(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for TransferLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
