//! Files and folders on their way into an attempt and out of it.

use std::{fs, io, path::Path};

use flyte_client::folder::{self, Inner, Unreadable};

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

/// Copies a file or a folder with all that is in it; links become what they point to. Links to a folder that they are in
/// are left out.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !folder::is_folder(from)? {
        return fs::copy(from, to).map(drop);
    }
    let content = folder::list(from).map_err(|mut all| all.swap_remove(0))?;
    fs::create_dir_all(to)?;
    let below =
        |inner: &Inner| inner.path.strip_prefix(from).map(|inner| to.join(inner)).map_err(io::Error::other);
    content.folders.iter().try_for_each(|folder| fs::create_dir_all(below(folder)?))?;
    content.files.iter().try_for_each(|file| fs::copy(&file.path, below(file)?).map(drop))
}

/// Sees that a file or folder can be kept whole, and returns the links in it that are left out.
///
/// # Errors
///
/// What cannot be kept, named by its way from `root`.
pub(super) fn check(path: &Path, root: &Path) -> Result<Vec<String>, String> {
    let name = |path: &Path| format!("`{}`", path.strip_prefix(root).unwrap_or(path).display());
    let unreadable = |all: Vec<Unreadable>| {
        let all: Vec<_> = all
            .iter()
            .map(|Unreadable { path, reason }| format!("{} cannot be read: {reason}", name(path)))
            .collect();
        all.join("; ")
    };
    if !folder::is_folder(path).map_err(|error| unreadable(vec![error]))? {
        return Ok(Vec::new());
    }
    let content = folder::list(path).map_err(unreadable)?;
    Ok(content.loops.iter().map(|link| name(&link.path)).collect())
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
