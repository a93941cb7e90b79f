//! Files to and from Flyte's object store, by signed URLs.
//!
//! The store itself is never talked to: the server hands out a URL for each file, which carries its own
//! permission. The embedded sandbox keeps its files on this machine and names them by `file://`; no other
//! server may name a file of this machine.

mod download;
mod folder;
mod http;
mod upload;

pub use self::{
    download::{download, read},
    upload::upload,
};

use std::path::PathBuf;

use super::session::Session;
use crate::cli::{exit::Exit, report::Failure};

/// The file of a `file://` URL; `None` for other URLs.
///
/// # Errors
///
/// When a server names a file of this machine that has no business with it.
fn local_file(session: &Session, url: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(path) = url.strip_prefix("file://") else { return Ok(None) };
    if !session.connection.is_sandbox() {
        return Err(Failure::new(Exit::Refused, "the server names a file of this machine")
            .caused_by(format!("only the embedded sandbox may do so: `{url}`")));
    }
    Ok(Some(PathBuf::from(path)))
}
