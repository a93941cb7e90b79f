//! Folders that only the user can enter.

use std::{io, path::Path};

/// Creates a folder that must not exist.
#[cfg(unix)]
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// Creates a folder that must not exist.
#[cfg(not(unix))]
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}
