//! Files that are nobody else's: how they are named, read and replaced.
//!
//! Each file is judged by itself, whatever its folder: it must be an ordinary file (no link, which may lead elsewhere,
//! and no pipe, which may hang) and closed to all but its owner. Where others may write into the folder, what they put
//! there is refused: either this user cannot read it, or others than its owner may.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest as _, Sha256};

use super::FileError;

/// More than any provider's tokens take, in bytes.
const LARGEST: u64 = 1 << 20;

/// The ending of files that are being written.
const UNFINISHED: &str = "tmp";

/// A file of an endpoint's: its name tells a person which endpoint it is, and is no other endpoint's.
pub(crate) fn path_of(folder: &Path, endpoint: &str, kind: &str) -> PathBuf {
    let readable = endpoint.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let readable: String = readable.take(60).collect();
    let digest = Sha256::digest(endpoint.as_bytes());
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{readable}.{digest}.{kind}"))
}

/// Makes the folder of tokens and locks, if it is missing, for its owner only.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The ordinary files of a kind in a folder, sorted; none, if there is no folder.
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

/// What is in a file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let cannot_read = |source| FileError::Read { path: path.to_owned(), source };
    let found = match fs::symlink_metadata(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        found => found.map_err(cannot_read)?,
    };
    if !found.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let file = match File::open(path) {
        // Another process signed out in this moment.
        Err(error) if is_missing(&error) => return Ok(None),
        file => file.map_err(cannot_read)?,
    };
    check_mode(path, &file.metadata().map_err(cannot_read)?)?;
    read_all(file).map(Some).map_err(cannot_read)
}

/// What is in an ordinary file, whoever may open it.
pub(super) fn peek(path: &Path) -> io::Result<Vec<u8>> {
    read_all(File::open(path)?)
}

fn read_all(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Refuses a file that others may open.
#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::TooOpen { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere the user's folder is private by itself.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &Metadata) -> Result<(), FileError> {
    Ok(())
}

/// Replaces a file, of whatever kind it is: a crash leaves the old one or the new one, whole.
///
/// It is written beside the old one, brought to the disk, and renamed. A link in its place is replaced, not followed.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove_unfinished(path);
    let mut attempts = 10;
    loop {
        attempts -= 1;
        match write_and_rename(path, bytes) {
            // Another process took it for left behind, between its first moment and its lock.
            Err(error) if attempts > 0 && is_contested(&error) => {}
            done => return done,
        }
    }
}

fn is_contested(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::WouldBlock | io::ErrorKind::AlreadyExists)
}

fn write_and_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let unfinished = path.with_extension(format!("{}-{count}.{UNFINISHED}", std::process::id()));
    let mut file = create_private(&unfinished)?;
    let written = write_all(&mut file, bytes).and_then(|()| fs::rename(&unfinished, path));
    written.inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// The file has its mode from its first moment.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The lock tells others that somebody is still writing; where there are no locks, nobody removes anything.
fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file, and what was left of it when a process was killed; says whether it was there.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    remove_unfinished(path);
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what processes left behind that were killed while they wrote this file: what nobody has locked.
fn remove_unfinished(path: &Path) {
    let (Some(folder), Some(stem)) = (path.parent(), path.file_stem()) else { return };
    let prefix = format!("{}.", stem.to_string_lossy());
    for unfinished in files(folder, UNFINISHED).unwrap_or_default() {
        let name = unfinished.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix)
            && let Ok(file) = File::open(&unfinished)
            && file.try_lock().is_ok()
            && let Err(error) = fs::remove_file(&unfinished)
        {
            log::debug!("`{}` stays: {error}", unfinished.display());
        }
    }
}

/// There is no such file, nor can there be one: its folder is missing too, or is none.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
