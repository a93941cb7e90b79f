//! A plugin's file, open from the first check until dlopen: the bytes that are checked are the bytes that are
//! loaded.
//!
//! On Linux the bytes are copied into a sealed memfd, which cannot be changed: the checks read the copy, and
//! dlopen gets its path below `/proc`. Overwriting, truncating or replacing the file then has no effect on a
//! process that uses it. The descriptor of the copy stays open, so that debuggers and backtraces find the
//! symbols there.
//!
//! A plugin's own process gets the descriptors of file and copy, and loads them in the same manner.
//!
//! A library that looks for files beside itself has to be loaded by its own path. So has every library where
//! there is no memfd or no `/proc`. Then inode, size and times are compared before and after, which finds a
//! change but cannot prevent it.

#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::{
    fmt,
    fs::{File, Metadata},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use abi_stable::library::AbiHeaderRef;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    error::LoadError,
    library,
    preflight::{self, FileFacts, LoaderState, Passport, PreflightError},
};

/// How often a file is copied that changes meanwhile.
const ATTEMPTS: usize = 3;

/// The libraries of this process. The system's loader would map a second copy of the same file a second time.
static LOADED: Mutex<Vec<(FileStamp, AbiHeaderRef)>> = Mutex::new(Vec::new());

/// The file of a plugin, and its content as it was when it was checked.
#[derive(Clone, Debug)]
pub struct LoadedFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    stamp: FileStamp,
    /// The sealed copy, where there is one.
    copy: Option<File>,
}

impl PartialEq for LoadedFile {
    fn eq(&self, other: &Self) -> bool {
        self.0.path == other.0.path && self.0.stamp == other.0.stamp
    }
}

impl Eq for LoadedFile {}

impl LoadedFile {
    /// Opens the file and keeps its content.
    pub(super) fn open(path: &Path) -> Result<Self, PreflightError> {
        let file = preflight::open(path)?;
        let unreadable = |source| PreflightError::Unreadable { path: path.to_owned(), source };
        for _ in 0..ATTEMPTS {
            let stamp = FileStamp::from_file(&file).map_err(unreadable)?;
            let copy = sealed::copy(&file, stamp.size, path);
            if FileStamp::from_file(&file).map_err(unreadable)? == stamp {
                return Ok(Self(Arc::new(Inner { path: path.to_owned(), file, stamp, copy })));
            }
        }
        Err(PreflightError::Changed { path: path.to_owned() })
    }

    /// The same file in another process: its descriptors, in the order of [`Self::descriptors`]. `None` if
    /// there are none.
    #[cfg(target_os = "linux")]
    pub(super) fn from_descriptors(
        path: PathBuf,
        stamp: FileStamp,
        descriptors: impl IntoIterator<Item = OwnedFd>,
    ) -> Option<Self> {
        let mut files = descriptors.into_iter().map(File::from);
        let (file, copy) = (files.next()?, files.next());
        Some(Self(Arc::new(Inner { path, file, stamp, copy })))
    }

    /// The descriptors of the file and of its copy, for another process that loads it.
    #[cfg(target_os = "linux")]
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(&self.0.file).chain(&self.0.copy).map(AsFd::as_fd)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Identifies this version of the file as long as it is not touched.
    #[must_use]
    pub fn stamp(&self) -> FileStamp {
        self.0.stamp
    }

    /// Whether root owns the file, and not this process.
    #[cfg(unix)]
    pub(super) fn is_from_system(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let is_roots = self.0.file.metadata().is_ok_and(|metadata| metadata.uid() == 0);
        is_roots && !rustix::process::geteuid().is_root()
    }

    /// Not known on this system.
    #[cfg(not(unix))]
    pub(super) fn is_from_system(&self) -> bool {
        false
    }

    /// The file itself, for its owner, mode and mount.
    pub(super) fn file(&self) -> &File {
        &self.0.file
    }

    /// What is checked, and loaded if it need not be loaded by its path.
    pub(super) fn content(&self) -> &File {
        self.0.copy.as_ref().unwrap_or(&self.0.file)
    }

    /// Facts that do not decide whether it loads; `None` where its format is not ELF.
    #[must_use]
    pub fn facts(&self) -> Option<FileFacts> {
        preflight::facts(self.content())
    }

    /// The content that was checked, from its beginning. Only one reader at a time: they share the position.
    pub(super) fn read(&self) -> io::Result<impl Read> {
        let mut content = self.content().try_clone()?;
        content.rewind()?;
        Ok(content.take(self.0.stamp.size))
    }

    /// SHA-256 of the content that was checked, in lower-case hex.
    ///
    /// Computed on each call: hashing takes longer than all checks before loading.
    ///
    /// # Errors
    ///
    /// If the content cannot be read.
    pub fn sha256(&self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        io::copy(&mut self.read()?, &mut Hashing(&mut hasher))?;
        Ok(HEXLOWER.encode(&hasher.finalize()))
    }

    /// dlopen, and the header in the library. A file that this process has loaded already is not loaded
    /// again.
    pub(super) fn load(&self, passport: &Passport, by_path: bool) -> Result<AbiHeaderRef, LoadError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&(_, header)) = loaded.iter().find(|(stamp, _)| *stamp == self.0.stamp) {
            return Ok(header);
        }
        let from_copy = self.copy_path().filter(|_| !by_path).map(|path| library::header(&path));
        let header = match from_copy {
            Some(Ok(header)) => header,
            None => self.load_by_path(passport)?,
            Some(Err(error)) => {
                // A hardened system forbids this for memfds. Otherwise the second error has the name of the
                // file.
                let text = library::loader_text(&error);
                log::debug!("could not load a copy of `{}` in memory: {text}", self.0.path.display());
                self.load_by_path(passport)?
            }
        };
        // Keeps the descriptors open.
        std::mem::forget(self.clone());
        loaded.push((self.0.stamp, header));
        Ok(header)
    }

    fn load_by_path(&self, passport: &Passport) -> Result<AbiHeaderRef, LoadError> {
        self.check_unchanged()?;
        let header = library::header(&self.0.path).map_err(|error| self.explain(passport, error))?;
        self.check_unchanged()?;
        Ok(header)
    }

    /// Why the system's loader refused the file: in our words if we find the same reason, else in its own.
    fn explain(&self, passport: &Passport, error: libloading::Error) -> LoadError {
        let text = library::loader_text(&error);
        let reason = preflight::explain(self.content(), &self.0.path, passport, &LoaderState::current());
        if let Some(reason) = reason.filter(|reason| reason.is_confirmed_by(&text)) {
            log::debug!("{text}");
            return reason.into();
        }
        LoadError::System { name: passport.name().to_owned(), path: self.0.path.clone(), source: error }
    }

    fn check_unchanged(&self) -> Result<(), PreflightError> {
        let now = [self.0.path.metadata(), self.0.file.metadata()];
        let is_same = |now: io::Result<Metadata>| now.is_ok_and(|now| FileStamp::new(&now) == self.0.stamp);
        if now.into_iter().all(is_same) {
            Ok(())
        } else {
            Err(PreflightError::Changed { path: self.0.path.clone() })
        }
    }

    /// Where the system's loader finds the copy.
    fn copy_path(&self) -> Option<PathBuf> {
        sealed::path(self.0.copy.as_ref()?)
    }
}

/// A writer that hashes.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What changes when a file is written to or replaced: inode, size and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    fn from_file(file: &File) -> io::Result<Self> {
        Ok(Self::new(&file.metadata()?))
    }

    #[cfg(unix)]
    fn new(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn new(metadata: &Metadata) -> Self {
        use std::time::{SystemTime, UNIX_EPOCH};
        let since_epoch = |time: io::Result<SystemTime>| {
            let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
        };
        Self {
            inode: (0, 0),
            size: metadata.len(),
            modified: since_epoch(metadata.modified()),
            changed: since_epoch(metadata.created()),
        }
    }
}

impl fmt::Display for FileStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inode: (device, inode), size, modified, changed } = self;
        write!(f, "{device}:{inode}:{size}:{}.{:09}:{}.{:09}", modified.0, modified.1, changed.0, changed.1)
    }
}

/// Copies that cannot be changed.
#[cfg(target_os = "linux")]
mod sealed {
    use std::{
        fs::File,
        os::fd::AsRawFd,
        path::{Path, PathBuf},
    };

    use rustix::{
        fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create, sendfile},
        io::Errno,
    };

    /// The largest file that is copied, which takes some milliseconds. A larger one has debug information,
    /// and is its author's own build.
    const MAX_SIZE: u64 = 16 << 20;
    /// How much of its name is kept: the kernel's limit is 249 bytes.
    const MAX_NAME: usize = 200;

    pub(super) fn copy(file: &File, size: u64, path: &Path) -> Option<File> {
        if size > MAX_SIZE {
            log::debug!("`{}` is too large for a copy in memory", path.display());
            return None;
        }
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        match try_copy(file, size, &name[..name.len().min(MAX_NAME)]) {
            Ok(copy) => Some(copy),
            Err(error) => {
                log::debug!("could not copy `{}` into memory: {error}", path.display());
                None
            }
        }
    }

    fn try_copy(file: &File, size: u64, name: &[u8]) -> rustix::io::Result<File> {
        let copy = create(name)?;
        let (mut offset, size) = (0, usize::try_from(size).map_err(|_| Errno::FBIG)?);
        let mut left = size;
        while left > 0 {
            match sendfile(&copy, file, Some(&mut offset), left) {
                // The file became shorter; its stamp shows that.
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        fcntl_add_seals(&copy, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(copy)
    }

    fn create(name: &[u8]) -> rustix::io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // The file is mapped, never executed by its name: a system may allow just that (`vm.memfd_noexec=2`).
        match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
            // Linux before 6.3 does not have the flag.
            Err(Errno::INVAL) => memfd_create(name, flags).map(File::from),
            created => created.map(File::from),
        }
    }

    /// The path has the number of the process, so that it means the same file to a debugger.
    pub(super) fn path(copy: &File) -> Option<PathBuf> {
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), copy.as_raw_fd()));
        path.exists().then_some(path)
    }
}

/// Not available on this system.
#[cfg(not(target_os = "linux"))]
mod sealed {
    use std::{
        fs::File,
        path::{Path, PathBuf},
    };

    pub(super) fn copy(_: &File, _: u64, _: &Path) -> Option<File> {
        None
    }

    pub(super) fn path(_: &File) -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    /// A copy of the sample plugin in a folder of its own.
    fn sample() -> (tempfile::TempDir, PathBuf) {
        let this = env::current_exe().unwrap();
        let name = format!("{}sample_plugin{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join(&name);
        fs::copy(this.with_file_name(name), &path).unwrap();
        (folder, path)
    }

    fn passport() -> Passport {
        let text = "flyte-plugin-passport 1\nname=acme\nversion=1.0.0\nprotocol=1.0\nhooks=\nrustc=x\ntarget=x\nabi_stable=x\n";
        Passport::from_text(text).unwrap()
    }

    #[test]
    fn a_plugin_is_loaded_by_its_path_if_it_needs_its_place() {
        let (_folder, path) = sample();
        let header = LoadedFile::open(&path).unwrap().load(&passport(), true).unwrap();
        assert!(header.upgrade().is_ok());
        #[cfg(target_os = "linux")]
        assert!(fs::read_to_string("/proc/self/maps").unwrap().contains(path.to_str().unwrap()));
    }

    #[test]
    fn a_file_that_changed_is_not_loaded_by_its_path() {
        let changes: [fn(&Path) -> io::Result<()>; 4] = [
            |path| fs::write(path, "not a library"),
            |path| fs::OpenOptions::new().write(true).open(path)?.set_len(4096),
            |path| {
                fs::write(path.with_extension("new"), "")
                    .and_then(|()| fs::rename(path.with_extension("new"), path))
            },
            |path| fs::remove_file(path),
        ];
        for change in changes {
            let (_folder, path) = sample();
            let file = LoadedFile::open(&path).unwrap();
            change(&path).unwrap();
            let error = file.load(&passport(), true).unwrap_err();
            assert!(matches!(error, LoadError::Preflight(PreflightError::Changed { .. })), "{error}");
            assert_eq!(error.hint().as_deref(), Some("run the command again"));
        }
    }

    #[test]
    fn a_copy_that_cannot_be_loaded_is_reported_with_the_path_of_the_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("libbroken.so");
        fs::write(&path, "not a library").unwrap();
        let error = LoadedFile::open(&path).unwrap().load(&passport(), false).unwrap_err();
        let LoadError::System { source, .. } = error else { panic!("{error}") };
        let text = library::loader_text(&source);
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}
