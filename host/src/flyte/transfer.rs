//! Files to and from Flyte's object store: by signed URLs, and with the user's own keys where these do not do.
//!
//! The server hands out a URL for each file, which carries its own permission; it lists no folders. The embedded
//! sandbox keeps its files on this machine and names them by their paths. What another server names so is a file of
//! its own machine, for which it has to sign a URL as for any other.

mod bucket;
mod download;
mod file_name;
mod progress;
mod upload;

pub use self::{
    bucket::upload_to,
    download::{Brought, Shape, download, read},
    file_name::tame,
    upload::{check, upload},
};

use std::path::PathBuf;

use flyte_client::data;

use super::session::Session;
use crate::ui::{error::Failure, exit_code::Exit};

/// How many files are under way at once.
const AT_ONCE: usize = 8;

/// The file of a path or a `file://` URL, if Flyte's store is this machine's.
fn local_file(session: &Session, url: &str) -> Option<PathBuf> {
    let path = PathBuf::from(url.strip_prefix("file://").unwrap_or(url));
    (session.is_of_this_machine() && path.is_absolute()).then_some(path)
}

/// The failure of a transfer, which says what it was about.
fn failure(what: String, error: &data::TransferError) -> Failure {
    let told = Failure::from_error(Exit::Failed, error).hint(error.hint());
    let causes = std::iter::once(told.message).chain(told.causes).collect();
    Failure { message: what, causes, ..Failure::new(told.exit, "") }.hint(error.hint())
}
