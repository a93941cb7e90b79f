//! Opening and reading a plugin file, whatever lies at its path.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{MAX_SIZE, NotRegular, PreflightError};

/// How many links are followed, as Linux does.
const MAX_LINKS: usize = 40;
/// How many near names are offered.
const MAX_NEAR: usize = 3;

/// Opens a regular file of acceptable size.
///
/// Nothing else is opened: a FIFO would block, a device may do anything. That the name could come to mean
/// something else in between is noticed afterwards, and does not block either.
pub(super) fn open(path: &Path) -> Result<File, PreflightError> {
    let metadata = fs::metadata(path).map_err(|error| explain(path, error))?;
    check_kind(path, &metadata)?;
    let file = open_without_waiting(path).map_err(|error| explain(path, error))?;
    let metadata = file.metadata().map_err(|error| explain(path, error))?;
    check_kind(path, &metadata)?;
    match metadata.len() {
        0 => Err(PreflightError::Empty { path: path.to_owned() }),
        size if size > MAX_SIZE => Err(PreflightError::TooLarge { path: path.to_owned(), size }),
        _ => Ok(file),
    }
}

/// Refuses a file that the system would not map as code: its loader says "failed to map segment from shared
/// object".
#[cfg(target_os = "linux")]
pub(super) fn check_mount(path: &Path, file: &File) -> Result<(), PreflightError> {
    use rustix::fs::{StatVfsMountFlags, fstatvfs};
    match fstatvfs(file) {
        Ok(mount) if mount.f_flag.contains(StatVfsMountFlags::NOEXEC) => {
            Err(PreflightError::NoExec { path: path.to_owned() })
        }
        // Unknown: dlopen will report it.
        _ => Ok(()),
    }
}

/// Not looked at on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn check_mount(_: &Path, _: &File) -> Result<(), PreflightError> {
    Ok(())
}

/// Opens a FIFO at once, too; for regular files the flag means nothing.
#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), PreflightError> {
    if metadata.is_file() {
        return Ok(());
    }
    let path = path.to_owned();
    if metadata.is_dir() {
        let inside = libraries_in(&path).into_iter().next();
        return Err(PreflightError::Directory { path, inside });
    }
    Err(PreflightError::NotRegular { path, kind: special_kind(metadata) })
}

#[cfg(unix)]
fn special_kind(metadata: &Metadata) -> NotRegular {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        NotRegular::Fifo
    } else if kind.is_socket() {
        NotRegular::Socket
    } else {
        NotRegular::Device
    }
}

#[cfg(not(unix))]
fn special_kind(_: &Metadata) -> NotRegular {
    NotRegular::Device
}

fn explain(path: &Path, error: io::Error) -> PreflightError {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let path = path.to_owned();
    if is_link && error.kind() != io::ErrorKind::PermissionDenied {
        return match link_target(&path) {
            Some(target) => PreflightError::DanglingLink { path, target },
            None => PreflightError::LinkLoop { path },
        };
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(path),
        io::ErrorKind::InvalidFilename => PreflightError::NameTooLong { path },
        io::ErrorKind::PermissionDenied => PreflightError::NoPermission { path },
        _ => PreflightError::Unreadable { path, source: error },
    }
}

/// Where a chain of links ends; `None` where it does not.
fn link_target(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().map(|folder| folder.join(&target)).unwrap_or(target),
            Err(_) => return Some(path),
        }
    }
    None
}

fn missing(path: PathBuf) -> PreflightError {
    let folder = folder_of(&path);
    if !folder.is_dir() {
        let folder = folder.to_owned();
        return PreflightError::MissingFolder { path, folder };
    }
    let near = near_names(&path, folder);
    PreflightError::Missing { path, near }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "so" || end == "dylib" || end == "dll"))
        .collect();
    found.sort();
    found
}

/// Libraries in the same folder that may have been meant, the likeliest first.
fn near_names(path: &Path, folder: &Path) -> Vec<PathBuf> {
    let wanted = core_name(path);
    let candidates = libraries_in(folder).into_iter().map(|path| (core_name(&path), path));
    let similar = flyte_text::similar(&wanted, candidates, |(name, _)| name);
    similar.into_iter().map(|(_, path)| path).take(MAX_NEAR).collect()
}

/// What is left of a library's name without `lib`, its ending, and the choice between `-` and `_`.
fn core_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_prefix("lib").unwrap_or(&name);
    let name = [".so", ".dylib", ".dll"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_about_permission() {
        // A test may run as root, who is never refused; so the answer is made up.
        let error = explain(Path::new("/p/libacme.so"), io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.to_string(), "could not read `/p/libacme.so`: permission denied");
        assert_eq!(
            error.hint().unwrap(),
            "ask its owner to run `chmod a+r`, and `chmod a+x` on the folders above it"
        );
    }

    #[test]
    fn other_faults_keep_their_cause() {
        let error = explain(Path::new("/p/libacme.so"), io::Error::other("disk on fire"));
        assert_eq!(error.to_string(), "`/p/libacme.so` cannot be read");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "disk on fire");
    }
}
