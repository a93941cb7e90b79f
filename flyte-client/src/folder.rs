//! What is in a folder: its files, with links followed as fsspec and copilot follow them.
//!
//! What cannot be read as a file is named and never left out in silence: a link that leads nowhere, a pipe, a
//! socket, a device, a file that this user may not read. A folder is not entered again below itself, so that
//! links cannot lead in circles.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// A file or folder within a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// Where it is.
    pub path: PathBuf,
    /// The way to it within the folder, with `/` between.
    pub name: String,
}

/// What is in a folder, in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderContent {
    /// Its files, and those of the folders in it.
    pub files: Vec<Inner>,
    /// The folders in it.
    pub folders: Vec<Inner>,
    /// Links to a folder that they are in. What they lead to is there already, and is not followed.
    pub loops: Vec<Inner>,
}

/// Something that cannot be read as a file or folder.
#[derive(Debug)]
pub struct Unreadable {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub reason: UnreadableReason,
}

/// Why something cannot be read as a file or folder.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnreadableReason {
    /// It is a link, and this is not there.
    DanglingLink(PathBuf),
    /// The system refuses.
    Io(io::Error),
    /// It is this: "a pipe", "a socket", "a device".
    Special(&'static str),
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DanglingLink(target) => {
                write!(f, "symlink to `{}`, which does not exist", target.display())
            }
            Self::Io(error) => error.fmt(f),
            Self::Special(kind) => write!(f, "{kind}, not a file"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not read `{}`: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for io::Error {
    fn from(error: Unreadable) -> Self {
        let kind = match &error.reason {
            UnreadableReason::Io(error) => error.kind(),
            UnreadableReason::DanglingLink(_) => io::ErrorKind::NotFound,
            UnreadableReason::Special(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Sees whether a path is a folder, or else a file that can be opened; opening anything else could wait for
/// ever.
///
/// # Errors
///
/// When it is neither.
pub fn is_folder(path: &Path) -> Result<bool, Unreadable> {
    let unreadable = |reason| Unreadable { path: path.to_owned(), reason };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let target = fs::read_link(path).ok().filter(|_| error.kind() == io::ErrorKind::NotFound);
            return Err(unreadable(
                target.map_or(UnreadableReason::Io(error), UnreadableReason::DanglingLink),
            ));
        }
    };
    if metadata.is_dir() {
        return Ok(true);
    }
    if let Some(kind) = special(metadata.file_type()) {
        return Err(unreadable(UnreadableReason::Special(kind)));
    }
    fs::File::open(path).map(|_| false).map_err(|error| unreadable(UnreadableReason::Io(error)))
}

/// What is neither file nor folder.
#[cfg(unix)]
fn special(kind: fs::FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt as _;
    Some(match kind {
        kind if kind.is_file() => return None,
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_block_device() || kind.is_char_device() => "a device",
        _ => "something else",
    })
}

/// What is neither file nor folder.
#[cfg(not(unix))]
fn special(kind: fs::FileType) -> Option<&'static str> {
    (!kind.is_file()).then_some("something else")
}

/// Lists a folder with the folders in it.
///
/// # Errors
///
/// All that cannot be read, each of it named.
pub fn list(folder: &Path) -> Result<FolderContent, Vec<Unreadable>> {
    let mut listing = Listing::default();
    listing.enter(folder, "");
    let Listing { mut content, mut unreadable, .. } = listing;
    unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    for inner in [&mut content.files, &mut content.folders, &mut content.loops] {
        inner.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(content)
}

#[derive(Default)]
struct Listing {
    content: FolderContent,
    unreadable: Vec<Unreadable>,
    /// The folders that are being listed, without links, from the outermost.
    open: Vec<PathBuf>,
}

impl Listing {
    fn enter(&mut self, folder: &Path, prefix: &str) {
        let entries = fs::canonicalize(folder).and_then(|real| {
            let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
            Ok((real, entries))
        });
        match entries {
            Err(error) => {
                self.unreadable
                    .push(Unreadable { path: folder.to_owned(), reason: UnreadableReason::Io(error) });
            }
            Ok((real, entries)) => {
                self.open.push(real);
                entries.iter().for_each(|entry| self.add(entry, prefix));
                self.open.pop();
            }
        }
    }

    fn add(&mut self, entry: &fs::DirEntry, prefix: &str) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let inner = Inner { path: entry.path(), name };
        match is_folder(&inner.path) {
            Err(error) => self.unreadable.push(error),
            Ok(false) => self.content.files.push(inner),
            Ok(true) if self.is_open(entry) => self.content.loops.push(inner),
            Ok(true) => {
                self.enter(&inner.path, &format!("{}/", inner.name));
                self.content.folders.push(inner);
            }
        }
    }

    /// Whether a link leads to a folder that it is in.
    fn is_open(&self, entry: &fs::DirEntry) -> bool {
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        is_link && fs::canonicalize(entry.path()).is_ok_and(|real| self.open.contains(&real))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(inner: &[Inner]) -> Vec<&str> {
        inner.iter().map(|inner| inner.name.as_str()).collect()
    }

    #[test]
    fn links_are_followed_but_not_in_circles() {
        let root = tempfile::tempdir().unwrap();
        let (folder, other) = (root.path().join("in"), root.path().join("other"));
        fs::create_dir_all(folder.join("b")).unwrap();
        fs::create_dir(&other).unwrap();
        for file in ["in/c", "in/b/a", "in/.DS_Store", "other/x", "real"] {
            fs::write(root.path().join(file), file).unwrap();
        }
        symlink("../real", folder.join("link")).unwrap();
        symlink("../other", folder.join("dirlink")).unwrap();
        symlink(".", folder.join("loop")).unwrap();
        symlink("..", folder.join("b/up")).unwrap();
        symlink("../in", other.join("back")).unwrap();
        let content = list(&folder).unwrap();
        assert_eq!(names(&content.files), [".DS_Store", "b/a", "c", "dirlink/x", "link"]);
        assert_eq!(names(&content.folders), ["b", "dirlink"]);
        assert_eq!(names(&content.loops), ["b/up", "dirlink/back", "loop"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        symlink("/nope", root.path().join("dangling")).unwrap();
        symlink("self", root.path().join("self")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        let mut errors: Vec<_> = list(root.path()).unwrap_err().iter().map(ToString::to_string).collect();
        errors.sort();
        let at = |name: &str| root.path().join(name).display().to_string();
        assert_eq!(
            errors[0],
            format!("could not read `{}`: symlink to `/nope`, which does not exist", at("dangling"))
        );
        assert!(errors[1].starts_with(&format!("could not read `{}`: ", at("self"))), "{errors:?}");
        assert_eq!(errors[2], format!("could not read `{}`: a socket, not a file", at("socket")));
    }
}
