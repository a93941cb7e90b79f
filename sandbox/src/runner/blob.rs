//! Files and folders on their way into an attempt and out of it.

use std::{fs, io, path::Path};

/// What the address of a file of this machine may begin with. What follows is the path as it is, nothing is encoded.
const FILE: &str = "file://";

/// The address of a path: the path itself, since flytekit finds no file under `file:///…`.
pub(super) fn uri(path: &Path) -> String {
    path.display().to_string()
}

/// The path of an address, or of a path; `None` if it is elsewhere.
pub(super) fn path(uri: &str) -> Option<&Path> {
    let path = Path::new(uri.strip_prefix(FILE).unwrap_or(uri));
    path.is_absolute().then_some(path)
}

/// Copies a file or a folder with all that is in it; links become what they point to.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !fs::metadata(from)?.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Brings what a task made to where it stays. Moves it where that is the same, and copies it otherwise.
pub(super) fn keep(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    // What a link points to may go away with the attempt's folder.
    if !has_links(from)? && fs::rename(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)
}

fn has_links(path: &Path) -> io::Result<bool> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if !kind.is_dir() {
        return Ok(kind.is_symlink());
    }
    for entry in fs::read_dir(path)? {
        if has_links(&entry?.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}
