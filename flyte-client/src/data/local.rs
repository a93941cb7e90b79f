//! Files that stay on this machine, and compressed files that are unpacked in place.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::TransferError;
use crate::atomic_file::PartialFile;

/// The path of a `file://` URL, as it stands there: the sandbox encodes nothing.
pub(super) fn path_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    (path.starts_with('/') || cfg!(windows) && has_drive(path)).then(|| PathBuf::from(path))
}

/// Whether a path begins with a drive of Windows, as `C:\data` does.
fn has_drive(path: &str) -> bool {
    let mut letters = path.chars();
    letters.next().is_some_and(|drive| drive.is_ascii_alphabetic())
        && letters.next() == Some(':')
        && letters.next().is_some_and(|separator| matches!(separator, '\\' | '/'))
}

/// Copies a file of at most `limit` bytes, and returns its length; other processes see all of it or nothing.
pub(super) async fn copy(from: &Path, to: &Path, limit: u64) -> Result<u64, TransferError> {
    let (source, target) = (from.to_owned(), to.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let opened =
            fs::File::open(&source).map_err(|error| TransferError::Read { path: source, source: error })?;
        let written = PartialFile::create(&target).and_then(|mut part| {
            // One byte beyond the limit is enough to refuse; a device such as `/dev/zero` has no end.
            let length = io::copy(&mut opened.take(limit.saturating_add(1)), part.file())?;
            if length > limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            part.file().sync_all()?;
            part.persist()?;
            Ok(length)
        });
        written.map_err(|source| match (source.kind(), source.raw_os_error()) {
            // The system's own error of this kind is about the disk.
            (io::ErrorKind::FileTooLarge, None) => TransferError::TooLarge { limit },
            _ => TransferError::Write { path: target, source },
        })
    });
    copied.await.map_err(|error| TransferError::Write { path: to.to_owned(), source: error.into() })?
}

/// Unpacks a file in its place, up to `limit` bytes; returns its length then.
pub(super) async fn unpack(part: &PartialFile, limit: u64) -> Result<u64, TransferError> {
    let path = part.path().to_owned();
    let unpacked = tokio::task::spawn_blocking(move || {
        let packed = fs::File::open(&path)?;
        // The name of the packed file is free for the other as soon as it is open, but not on all systems.
        let beside = path.with_extension("unpacked");
        let written = fs::File::create(&beside).and_then(|mut file| {
            let unpacked = flate2::read::MultiGzDecoder::new(&packed);
            // One byte beyond the limit is enough to refuse.
            let length = io::copy(&mut unpacked.take(limit.saturating_add(1)), &mut file)?;
            if length > limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            file.sync_all()?;
            Ok(length)
        });
        let kept = written.and_then(|length| fs::rename(&beside, &path).map(|()| length));
        kept.inspect_err(|_| drop(fs::remove_file(&beside)))
    });
    let unpacked = unpacked.await.unwrap_or_else(|error| Err(error.into()));
    unpacked.map_err(|source| match (source.kind(), source.raw_os_error()) {
        // The system's own error of this kind is about the disk.
        (io::ErrorKind::FileTooLarge, None) => TransferError::TooLarge { limit },
        _ => TransferError::Unpack { source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_of_windows_are_recognized() {
        assert!(has_drive(r"C:\data") && has_drive("d:/data"));
        assert!(!has_drive("/data") && !has_drive("C:data") && !has_drive("host/C:/data") && !has_drive(""));
        assert_eq!(path_of("file:///data/x"), Some(PathBuf::from("/data/x")));
        assert_eq!(path_of("file://host/x"), None);
    }
}
