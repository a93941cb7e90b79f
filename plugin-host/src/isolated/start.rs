//! The first calls: what the child needs to load the plugin.

use std::{ffi::OsString, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::settings::Isolation;
use crate::{access::Accesses, loaded_file::FileStamp};

/// The argument that makes this program the process of a plugin.
pub(super) const CHILD_ARGUMENT: &str = "--isolated-plugin";
/// The number of the object that is called first.
pub(super) const STARTER: u64 = u64::MAX;

/// What the child loads. The descriptors of the file were sent before, so that it loads the bytes that were
/// checked.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) path: PathBuf,
    pub(super) stamp: FileStamp,
    /// The library looks for files beside itself.
    pub(super) by_path: bool,
    pub(super) passport: Vec<(String, String)>,
    pub(super) isolation: Isolation,
    /// Whether to record what the plugin reads.
    pub(super) records: bool,
}

/// [`Accesses`] as they are sent.
#[derive(Serialize, Deserialize)]
pub(super) struct SentAccesses {
    variables: Vec<OsString>,
    files: Vec<OsString>,
    directory: bool,
    opaque: Option<String>,
}

impl From<Accesses> for SentAccesses {
    fn from(Accesses { variables, files, directory, opaque }: Accesses) -> Self {
        let files = files.into_iter().map(PathBuf::into_os_string).collect();
        Self { variables: variables.into_iter().collect(), files, directory, opaque }
    }
}

impl From<SentAccesses> for Accesses {
    fn from(SentAccesses { variables, files, directory, opaque }: SentAccesses) -> Self {
        let files = files.into_iter().map(PathBuf::from).collect();
        Self { variables: variables.into_iter().collect(), files, directory, opaque }
    }
}
