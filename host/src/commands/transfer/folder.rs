//! The files of a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file within a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inner {
    /// Where it is.
    pub path: PathBuf,
    /// The way to it within the folder, with `/` between.
    pub name: String,
}

/// All files of a folder, in the order of their names. Links are passed over, as flytekit does.
pub(super) fn files(folder: &Path) -> io::Result<Vec<Inner>> {
    let mut found = Vec::new();
    collect(folder, "", &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Inner>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() {
            found.push(Inner { path: entry.path(), name });
        }
    }
    Ok(())
}
