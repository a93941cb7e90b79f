//! Files that stay on this machine, and files that are not finished yet.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Error, Progress};

/// The path of a `file://` URL, as it stands there: the sandbox encodes nothing.
pub(super) fn path_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// Copies a file; whoever looks sees all of it or nothing.
pub(super) async fn copy(from: &Path, to: &Path, progress: Progress<'_>) -> Result<(), Error> {
    let (source, target) = (from.to_owned(), to.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let mut opened =
            fs::File::open(&source).map_err(|error| Error::Read { path: source, source: error })?;
        let part = Part::of(&target)?;
        let unwritable = |source| Error::Write { path: target.clone(), source };
        let mut file = fs::File::create(part.path()).map_err(unwritable)?;
        let length = std::io::copy(&mut opened, &mut file).map_err(unwritable)?;
        file.sync_all().map_err(unwritable)?;
        part.keep(&target)?;
        Ok(length)
    });
    let length =
        copied.await.map_err(|error| Error::Write { path: to.to_owned(), source: error.into() })??;
    progress(length);
    Ok(())
}

/// A file beside the one that it is going to be; gone unless it is kept.
pub(super) struct Part(PathBuf);

impl Part {
    pub(super) fn of(file: &Path) -> Result<Self, Error> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let unwritable = |source| Error::Write { path: file.to_owned(), source };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let mut name = std::ffi::OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(format!(".{}-{:x}.part", std::process::id(), fastrand::u32(..)));
        Ok(Self(folder.join(name)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn keep(self, file: &Path) -> Result<(), Error> {
        fs::rename(&self.0, file).map_err(|source| Error::Write { path: file.to_owned(), source })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After `keep` there is none any more.
        let _ = fs::remove_file(&self.0);
    }
}
