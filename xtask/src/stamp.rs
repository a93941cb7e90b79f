//! Folders that are expensive to make and are made once: each carries a copy of what it was made from. And
//! what several builds share: links to what another built, scripts around the compiler.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::Result;

const STAMP: &str = ".made-from";

/// Returns `folder`, made by `make` unless a complete one made from the same `inputs` is there.
///
/// The stamp is written last, so what an interrupted run left behind is thrown away. Two runs at once wait
/// for each other at a lock file beside the folder.
pub(crate) fn made_once(
    folder: PathBuf,
    inputs: &[u8],
    make: impl FnOnce(&Path) -> Result,
) -> Result<PathBuf> {
    let parent = folder.parent().ok_or("a stamped folder has a parent")?;
    fs::create_dir_all(parent)?;
    let name = folder.file_name().ok_or("a stamped folder has a name")?.display();
    let lock = File::create(parent.join(format!("{name}.lock")))?;
    lock.lock()?;
    let stamp = folder.join(STAMP);
    if fs::read(&stamp).is_ok_and(|made_from| made_from == inputs) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    make(&folder)?;
    fs::write(stamp, inputs)?;
    Ok(folder)
}

/// Names and contents of every file below `folder`, in a fixed order: the inputs of what is made from them.
pub(crate) fn contents(folder: &Path) -> Result<Vec<u8>> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    let mut contents = Vec::new();
    for path in paths {
        contents.extend(path.strip_prefix(folder)?.as_os_str().as_encoded_bytes());
        contents.push(0);
        contents.extend(fs::read(&path)?);
        contents.push(0);
    }
    Ok(contents)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("cannot read `{}`: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        match path.is_dir() {
            true if path.ends_with("__pycache__") => {}
            true => collect(&path, paths)?,
            false => paths.push(path),
        }
    }
    Ok(())
}

/// Makes a symlink, unless it is there.
#[cfg(unix)]
pub(crate) fn link(to: &Path, at: &Path) -> Result {
    if fs::read_link(at).is_ok_and(|present| present == to) {
        return Ok(());
    }
    Ok(std::os::unix::fs::symlink(to, at)?)
}

/// Not every user of other systems may make them.
#[cfg(not(unix))]
pub(crate) fn link(_: &Path, at: &Path) -> Result {
    Err(format!("cannot link `{}`: only Unix is supported here", at.display()).into())
}

/// Writes an executable script; an unchanged one keeps its date, which Cargo takes for the compiler's.
pub(crate) fn write_script(path: &Path, text: &str) -> Result {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().ok_or("a script has a folder")?)?;
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_per_inputs_and_again_after_an_interruption() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("made");
        let mut times = 0;
        let mut make = |inputs: &[u8]| {
            made_once(folder.clone(), inputs, |folder| {
                times += 1;
                fs::create_dir(folder)?;
                if inputs == b"broken" { Err("interrupted".into()) } else { Ok(()) }
            })
            .is_ok()
        };
        assert!(make(b"a"));
        assert!(make(b"a"));
        assert!(make(b"b"));
        assert!(!make(b"broken"));
        assert!(make(b"b"), "what the broken run left was thrown away");
        assert_eq!(times, 4);
    }
}
