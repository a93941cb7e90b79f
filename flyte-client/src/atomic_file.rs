//! Files that others see whole or not at all: written beside their target under another name, then renamed.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// What the name of a [`PartialFile`] has around its random letters and digits.
const PREFIX: &str = ".";
const SUFFIX: &str = ".part";
/// How many random letters and digits there are.
const RANDOM: usize = 6;

/// Whether a file's name is that of a [`PartialFile`]. A process that is killed leaves its partial files.
#[must_use]
pub fn is_partial(name: &OsStr) -> bool {
    let name = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    name.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Replaces the content of a file, or creates it with its missing folders.
///
/// A reader sees the old content or the new one. A symbolic link is replaced, not followed.
///
/// # Errors
///
/// Those of the file system; the old content is still there then, and nothing is left beside it.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut partial = PartialFile::create(path)?;
    partial.file().write_all(content)?;
    partial.persist()
}

/// A file beside its target, which becomes the target with [`persist`](Self::persist) and is removed
/// otherwise.
#[derive(Debug)]
pub struct PartialFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl PartialFile {
    /// Creates an empty file in the folder of `target`, which is created if it is missing.
    ///
    /// Its name is one of [`is_partial`]; its permissions are those of any new file of the
    /// user's.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn create(target: &Path) -> io::Result<Self> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Self { file: builder.tempfile_in(folder)?, target: target.to_owned() })
    }

    /// The file, to write to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Its path until it is the target.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Makes it the target, in place of what was there.
    ///
    /// # Errors
    ///
    /// Those of the file system; the file is removed then, and the target is as it was.
    pub fn persist(self) -> io::Result<()> {
        self.file.persist(self.target).map(drop).map_err(|error| error.error)
    }

    /// Makes it the target, if there is none.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if there is one, and those of the file system; the file is removed
    /// then.
    pub fn persist_new(self) -> io::Result<()> {
        self.file.persist_noclobber(self.target).map(drop).map_err(|error| error.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.txt");
        for content in ["one", "two"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn without_persist_the_target_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let mut partial = PartialFile::create(&path).unwrap();
        partial.file().write_all(b"half").unwrap();
        drop(partial);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn persist_new_keeps_a_target_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let partial = |content: &[u8]| {
            let mut partial = PartialFile::create(&path).unwrap();
            partial.file().write_all(content).unwrap();
            partial
        };
        let (first, second) = (partial(b"first"), partial(b"second"));
        first.persist_new().unwrap();
        assert_eq!(second.persist_new().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn partial_files_are_recognised_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let partial = PartialFile::create(&folder.path().join("a.txt")).unwrap();
        assert!(is_partial(partial.path().file_name().unwrap()));
        for other in ["a.part", ".part", ".a.txt.part", ".abcdef", ".abcdefg.part", ".ab-def.part"] {
            assert!(!is_partial(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        replace(&folder.path().join("ours"), b"").unwrap();
        fs::write(folder.path().join("any"), "").unwrap();
        assert_eq!(mode("ours"), mode("any"));
    }
}
