//! A path for a folder that needs no quotes in a shell.
//!
//! Scripts use `/var/inputs` unquoted. The folder that replaces it may have a space or worse in its path;
//! then a symlink in the temporary directory stands for it while the attempt runs.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// A path for a folder that needs no quotes.
#[derive(Debug)]
pub(super) struct PlainPath {
    path: PathBuf,
    is_link: bool,
}

impl PlainPath {
    /// The folder's own path if it needs no quotes, else a new link.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let plain = |c: char| c.is_alphanumeric() || "/_-.,:@%+=".contains(c);
        if folder.to_str().is_some_and(|path| path.chars().all(plain)) {
            return Ok(Self { path: folder.to_owned(), is_link: false });
        }
        loop {
            let path = env::temp_dir().join(format!("flyte-{:016x}", fastrand::u64(..)));
            match link(folder, &path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => return linked.map(|()| Self { path, is_link: true }),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PlainPath {
    fn drop(&mut self) {
        if self.is_link
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::debug!("cannot remove the link `{}`: {error}", self.path.display());
        }
    }
}

#[cfg(unix)]
fn link(to: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
