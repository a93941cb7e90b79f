//! Files to and from Flyte's object store, by signed URLs.
//!
//! The store itself is never talked to: the server hands out a URL for each file, which carries its own
//! permission. The embedded sandbox keeps its files on this machine and names them by `file://`; no other
//! server may name a file of this machine.

mod download;
mod folder;
mod progress;
mod upload;

pub use self::{
    download::{download, read},
    upload::upload,
};

use std::path::PathBuf;

use remote::data;

use super::session::Session;
use crate::cli::{exit::Exit, report::Failure};

/// The file of a `file://` URL; `None` for other URLs.
///
/// # Errors
///
/// When a server names a file of this machine that has no business with it.
fn local_file(session: &Session, url: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(path) = url.strip_prefix("file://") else { return Ok(None) };
    if !session.is_of_this_machine() {
        return Err(Failure::new(Exit::Refused, "the server names a file of this machine")
            .caused_by(format!("only the embedded sandbox may do so: `{url}`")));
    }
    Ok(Some(PathBuf::from(path)))
}

/// The failure of a transfer, which says what it was about.
fn failure(what: String, error: &data::Error) -> Failure {
    let told = Failure::from_error(Exit::Failed, error).hint(error.hint());
    let causes = std::iter::once(told.message).chain(told.causes).collect();
    Failure { message: what, causes, ..Failure::new(told.exit, "") }.hint(error.hint())
}
