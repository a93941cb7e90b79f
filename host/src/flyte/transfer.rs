//! Files to and from Flyte's object store: by signed URLs, else with the user's own keys.
//!
//! The server signs a URL for each file; it cannot list folders. The embedded sandbox returns local paths. A
//! path from any other server is a file on that server, which has to sign a URL for it.

mod bucket;
mod download;
mod file_name;
mod upload;

pub(crate) use self::{
    bucket::upload_to,
    download::{Downloaded, ObjectShape, download, read},
    file_name::safe_name,
    upload::{check, upload},
};

use std::path::PathBuf;

use flyte_client::data;

use super::session::{self, Session};
use crate::ui::{error::CommandError, exit_code::Exit};

/// How many files are transferred at once.
const AT_ONCE: usize = 8;

/// The local file of a URI or path, if the object store is local.
fn local_file(session: &Session, url: &str) -> Option<PathBuf> {
    let root = session.is_embedded_sandbox().then(session::sandbox_root)?.ok()?;
    sandbox::local_file(&root, url)
}

/// The failure of a transfer under a message of the caller.
fn failure(what: String, error: data::TransferError) -> CommandError {
    let hint = error.hint();
    CommandError::from_error(Exit::Failed, error).context(what).hint(hint)
}
