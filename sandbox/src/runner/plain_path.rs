//! A path for a folder that needs no quotes in a shell.
//!
//! Scripts use `/var/inputs` unquoted. The folder that replaces it may have a space or worse in its path;
//! then a symlink in the temporary directory stands for it while the attempt runs.

use std::{
    env, fs, io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
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
        if folder.to_str().is_some_and(|path| is_plain(path, MAIN_SEPARATOR)) {
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

/// Whether no character of a path means something to the shells of the system with this separator.
fn is_plain(path: &str, separator: char) -> bool {
    path.chars().all(|c| c.is_alphanumeric() || c == separator || "/_-.,:@%+=".contains(c))
}

#[cfg(unix)]
fn link(to: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

/// Windows allows it to administrators, and to developers who switched it on.
#[cfg(windows)]
fn link(to: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(to, path)
}

#[cfg(not(any(unix, windows)))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_of_windows_are_plain_there() {
        assert!(is_plain("/home/jane/.flyte", '/'));
        assert!(is_plain(r"C:\Users\jane\.flyte", '\\'));
        assert!(!is_plain(r"/home/back\slash", '/'));
        assert!(!is_plain(r"C:\Users\Jane Doe", '\\'));
    }
}
