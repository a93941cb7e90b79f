//! Files to and from Flyte's object store: by signed URLs, and with the user's own keys where these do not do.
//!
//! The server hands out a URL for each file, which carries its own permission; it lists no folders. The embedded
//! sandbox keeps its files on this machine and names them by their paths. What another server names so is a file of
//! its own machine, for which it has to sign a URL as for any other.

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
use crate::ui::{error::Failure, exit_code::Exit, stream::Stream};

/// How many files are under way at once.
const AT_ONCE: usize = 8;

/// The file of a path or a `file://` URL, if Flyte's store is this machine's.
fn local_file(session: &Session, url: &str) -> Option<PathBuf> {
    let path = PathBuf::from(url.strip_prefix("file://").unwrap_or(url));
    (session.is_embedded_sandbox() && path.is_absolute()).then_some(path)
}

/// The failure of a transfer, which says what it was about.
fn failure(what: String, error: &data::TransferError) -> Failure {
    let failure = Failure::from_error(Exit::Failed, error).hint(error.hint());
    let causes = std::iter::once(failure.message).chain(failure.causes).collect();
    Failure { message: what, causes, ..Failure::new(failure.exit, "") }.hint(error.hint())
}

/// The progress of one file on a terminal; removed when it is dropped.
struct TransferLine(ProgressBar);

impl TransferLine {
    /// Starts a line for a file; a length of 0 means that it is not known.
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

    /// So many bytes are done.
    fn set(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for TransferLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
