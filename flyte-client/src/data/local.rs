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

/// Unpacks a file in its place; returns its length then.
pub(super) async fn unpack(part: &Part) -> Result<u64, Error> {
    let path = part.path().to_owned();
    let unpacked = tokio::task::spawn_blocking(move || {
        let packed = fs::File::open(&path)?;
        // The name of the packed file is free for the other as soon as it is open, but not on all systems.
        let beside = path.with_extension("unpacked");
        let written = fs::File::create(&beside).and_then(|mut file| {
            let length = std::io::copy(&mut flate2::read::MultiGzDecoder::new(&packed), &mut file)?;
            file.sync_all()?;
            Ok(length)
        });
        let kept = written.and_then(|length| fs::rename(&beside, &path).map(|()| length));
        kept.inspect_err(|_| drop(fs::remove_file(&beside)))
    });
    let unpacked = unpacked.await.unwrap_or_else(|error| Err(error.into()));
    unpacked.map_err(|source| Error::Unpack { source })
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
