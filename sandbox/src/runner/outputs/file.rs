//! Finds and reads the file of an output.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use flyte_client::folder::{Unreadable, is_folder};

/// The file or folder of an output: with its name, or with its name and any one extension.
pub(super) fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>, String> {
    let exact = folder.join(name);
    // A dangling link counts, too.
    if fs::symlink_metadata(&exact).is_ok() {
        return Ok(Some(exact));
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_stem().is_some_and(|stem| stem == name))
        .collect();
    found.sort();
    match found.as_slice() {
        [_, _, ..] => {
            let names: Vec<_> = found
                .iter()
                .filter_map(|path| Some(format!("`{}`", path.file_name()?.to_string_lossy())))
                .collect();
            Err(format!("there is more than one file for it: {}", names.join(", ")))
        }
        _ => Ok(found.pop()),
    }
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("`{}` cannot be read: {error}", path.display());
    let is_folder = is_folder(path)
        .map_err(|Unreadable { reason, .. }| format!("`{}` cannot be read: {reason}", path.display()))?;
    if is_folder {
        return Err(format!("`{}` is a folder", path.display()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= most => Ok(bytes),
        _ => Err(format!("`{}` has more than {most} bytes", path.display())),
    }
}
