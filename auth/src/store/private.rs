//! Private files: names, reading and atomic replacement.
//!
//! Each file is checked by itself, whatever its folder: it must be a regular file (a symlink may lead
//! elsewhere, a pipe may block) and accessible to its owner only. So a file that another user puts into a
//! shared folder is refused: either this user cannot read it, or others than its owner can.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest as _, Sha256};

use super::error::TokenFileError;

/// The most that is read, in bytes: more than any provider's tokens need.
const MAX_SIZE: u64 = 1 << 20;

/// The extension of files that are being written.
const TEMPORARY: &str = "tmp";

/// The file of an endpoint: its name is readable, and made unique by a digest.
pub(crate) fn path_of(folder: &Path, endpoint: &str, kind: &str) -> PathBuf {
    let readable = endpoint.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let readable: String = readable.take(60).collect();
    let digest = Sha256::digest(endpoint.as_bytes());
    let digest: String = data_encoding::HEXLOWER.encode(&digest[..6]);
    folder.join(format!("{readable}.{digest}.{kind}"))
}

/// Creates the folder of tokens and locks, if it is missing, with mode 0700.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The regular files with an extension in a folder, sorted; none if the folder does not exist.
pub(super) fn files(folder: &Path, kind: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == kind) && entry.file_type()?.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The content of a file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, TokenFileError> {
    let cannot_read = |source| TokenFileError::Read { path: path.to_owned(), source };
    let found = match fs::symlink_metadata(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        found => found.map_err(cannot_read)?,
    };
    if !found.is_file() {
        return Err(TokenFileError::NotRegular { path: path.to_owned() });
    }
    let file = match File::open(path) {
        // Another process signed out meanwhile.
        Err(error) if is_missing(&error) => return Ok(None),
        file => file.map_err(cannot_read)?,
    };
    check_mode(path, &file.metadata().map_err(cannot_read)?)?;
    read_all(file).map(Some).map_err(cannot_read)
}

/// The content of a regular file, whatever its mode.
pub(super) fn read_unchecked(path: &Path) -> io::Result<Vec<u8>> {
    read_all(File::open(path)?)
}

fn read_all(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Refuses a file that other users can access.
#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata) -> Result<(), TokenFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(TokenFileError::InsecureMode { path: path.to_owned(), mode });
    }
    Ok(())
}

/// On other systems, the user's folder is private.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &Metadata) -> Result<(), TokenFileError> {
    Ok(())
}

/// Replaces a file atomically: a crash leaves the old content or the new one.
///
/// Writes a temporary file beside it, syncs it to disk, and renames it. A symlink is replaced, not followed.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove_temporary(path);
    let mut attempts = 10;
    loop {
        attempts -= 1;
        match write_and_rename(path, bytes) {
            // Another process removed the temporary file before it was locked.
            Err(error) if attempts > 0 && is_race(&error) => {}
            done => return done,
        }
    }
}

fn is_race(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::WouldBlock | io::ErrorKind::AlreadyExists)
}

fn write_and_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{count}.{TEMPORARY}", std::process::id()));
    let mut file = create_private(&temporary)?;
    let written = write_all(&mut file, bytes).and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Creates the file with mode 0600, so that it is never accessible to others.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The lock tells other processes that the file is being written; without locks, nothing is removed.
fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file and its temporary files; returns whether it existed.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    remove_temporary(path);
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the temporary files of killed processes: those without a lock.
fn remove_temporary(path: &Path) {
    let (Some(folder), Some(stem)) = (path.parent(), path.file_stem()) else { return };
    let prefix = format!("{}.", stem.to_string_lossy());
    for temporary in files(folder, TEMPORARY).unwrap_or_default() {
        let name = temporary.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix)
            && let Ok(file) = File::open(&temporary)
            && file.try_lock().is_ok()
            && let Err(error) = fs::remove_file(&temporary)
        {
            log::debug!("could not remove `{}`: {error}", temporary.display());
        }
    }
}

/// The file does not exist, or its folder does not, or is not a folder.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
