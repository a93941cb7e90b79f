//! Copies files and folders into an attempt, and out of it.

use std::{fs, io, path::Path};

use flyte_client::folder::{self, Inner, Unreadable};

/// Copies a file, or a folder with its content. Symlinks are followed; those to a folder that contains them
/// are left out.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !folder::is_folder(from)? {
        return copy_file(from, to);
    }
    let content = folder::list(from).map_err(|mut all| all.swap_remove(0))?;
    fs::create_dir_all(to)?;
    let below =
        |inner: &Inner| inner.path.strip_prefix(from).map(|inner| to.join(inner)).map_err(io::Error::other);
    content.folders.iter().try_for_each(|folder| fs::create_dir_all(below(folder)?))?;
    content.files.iter().try_for_each(|file| copy_file(&file.path, &below(file)?))
}

/// Copies a file. The copy can be written to, also if the original is an output that is protected.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let mut permissions = fs::metadata(to)?.permissions();
    if permissions.readonly() {
        make_writable(&mut permissions);
        fs::set_permissions(to, permissions)?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_writable(permissions: &mut fs::Permissions) {
    use std::os::unix::fs::PermissionsExt as _;
    permissions.set_mode(permissions.mode() | 0o200);
}

#[cfg(not(unix))]
#[expect(clippy::permissions_set_readonly_false, reason = "it is the only permission there")]
fn make_writable(permissions: &mut fs::Permissions) {
    permissions.set_readonly(false);
}

/// Checks that a file or folder can be kept, and returns the links in it that are left out.
///
/// # Errors
///
/// What cannot be kept, with its path relative to `root`.
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

/// Moves an output of a task to where it is kept; copies it if it cannot be moved.
pub(super) fn keep(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    // The target of a link may be deleted with the attempt's folder.
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
