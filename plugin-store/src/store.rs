//! Installed files by content, and the links by which they are found.
//!
//! ```text
//! ~/.flyte/plugins.lock                    what is installed
//! ~/.flyte/plugins/libacme.so              -> store/5d41…/libacme.so
//! ~/.flyte/plugins/store/5d41…/libacme.so
//! ~/.flyte/plugins/store/5d41…/libacme.so.minisig
//! ~/.flyte/plugins/store/incoming/         what is not complete yet
//! ~/.flyte/plugins/store/lock              held by the process that changes something
//! ```
//!
//! A change has four steps: the file enters the store; the lock file is replaced; the links follow it; files
//! that it no longer names are removed. The second step is the change. A process that ends after it leaves
//! links that do not fit; the next change corrects them first. Until then the old link leads to the previous
//! version, which the lock file still names, so that it is loaded.
//!
//! No file that may be in use is written to: contents are only added and removed, links only replaced.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use flyte_client::atomic_file;
use plugin_host::{admission::STORE, signature::signature_path};
use sha2::{Digest as _, Sha256};

use crate::{error::StoreError, lock::LockFile};

/// The folder of what is not complete yet, in the store.
const INCOMING: &str = "incoming";
/// The file that is locked while something changes, in the store.
const LOCK: &str = "lock";

/// The folder of installed plugins.
#[derive(Clone, Debug)]
pub struct Store {
    plugins: PathBuf,
}

impl Store {
    /// The store below a folder of plugins.
    #[must_use]
    pub fn new(plugins: PathBuf) -> Self {
        Self { plugins }
    }

    /// The path of the lock file.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        LockFile::path(&self.plugins)
    }

    /// The link of a plugin, by which its name is found.
    #[must_use]
    pub fn link(&self, name: &str) -> PathBuf {
        self.plugins.join(file_name(name))
    }

    /// The file of a plugin with a content.
    #[must_use]
    pub fn content(&self, name: &str, sha256: &str) -> PathBuf {
        self.folder().join(sha256).join(file_name(name))
    }

    /// A file of the user's own where the link of an installed plugin would be.
    #[must_use]
    pub fn foreign_file(&self, name: &str) -> Option<PathBuf> {
        let link = self.link(name);
        (link.symlink_metadata().is_ok() && !self.is_own_link(&link)).then_some(link)
    }

    fn folder(&self) -> PathBuf {
        self.plugins.join(STORE)
    }

    /// Waits until no other process changes something, and finishes what an ended process began.
    ///
    /// `wait` is called if another process has to end first.
    ///
    /// # Errors
    ///
    /// If the store cannot be created or locked, or the lock file cannot be read.
    pub fn exclusive(&self, wait: impl FnOnce()) -> Result<Exclusive, StoreError> {
        let folder = self.folder();
        fs::create_dir_all(folder.join(INCOMING)).map_err(StoreError::file("write", &folder))?;
        let path = folder.join(LOCK);
        let lock = || {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
                wait();
            }
            file.lock()?;
            Ok(file)
        };
        let exclusive =
            Exclusive { store: self.clone(), _file: lock().map_err(StoreError::file("lock", &path))? };
        let lock = exclusive.read()?;
        exclusive.tidy(&lock)?;
        Ok(exclusive)
    }

    /// Whether a path is a link into the store.
    fn is_own_link(&self, path: &Path) -> bool {
        let target = fs::read_link(path).ok();
        #[cfg(unix)]
        return target.is_some_and(|target| target.starts_with(STORE));
        // No links there: a copy of a stored file.
        #[cfg(not(unix))]
        return target.is_none() && sha256(path).is_ok_and(|hash| self.folder().join(hash).is_dir());
    }
}

/// The right to change the store, until it is dropped.
#[derive(Debug)]
pub struct Exclusive {
    store: Store,
    /// Locked.
    _file: File,
}

impl Exclusive {
    /// The lock file as it is now.
    ///
    /// # Errors
    ///
    /// As [`LockFile::read`].
    pub fn read(&self) -> Result<LockFile, StoreError> {
        LockFile::read(&self.store.lock_file())
    }

    /// A path for a file that is not complete yet. What is left there is removed by the next change.
    #[must_use]
    pub fn incoming(&self, name: &str) -> PathBuf {
        self.store.folder().join(INCOMING).join(name)
    }

    /// Moves a complete file into the store, with its signature. Nothing uses it before [`Self::commit`].
    ///
    /// What the store has already stays as it is: it may be in use, and the lock file may name it.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn add(
        &self,
        file: &Path,
        signature: Option<&str>,
        name: &str,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let target = self.store.folder().join(sha256);
        let add = || {
            let stored = self.store.content(name, sha256);
            if self::sha256(&stored).is_ok_and(|found| found == sha256) {
                set_signature(&stored, signature)?;
                log::debug!("kept `{}`", stored.display());
                return fs::remove_file(file);
            }
            let folder = self.incoming(&format!("{sha256}.new"));
            fs::create_dir_all(&folder)?;
            let library = folder.join(file_name(name));
            fs::rename(file, &library)?;
            set_mode(&library)?;
            File::open(&library)?.sync_all()?;
            log::debug!("moved `{name}` to `{}`", folder.display());
            if let Some(signature) = signature {
                let mut file = File::create(signature_path(&library))?;
                file.write_all(signature.as_bytes())?;
                file.sync_all()?;
            }
            sync_folder(&folder)?;
            log::debug!("completed `{}`", folder.display());
            if target.symlink_metadata().is_ok() {
                // It may be damaged.
                let old = self.incoming(&format!("{sha256}.old"));
                fs::rename(&target, &old)?;
                log::debug!("moved `{}` away", target.display());
            }
            fs::rename(&folder, &target)?;
            log::debug!("added `{}`", target.display());
            sync_folder(&self.store.folder())
        };
        add().map_err(StoreError::file("write", &target))
    }

    /// Makes a lock file the one that counts; links and contents follow it.
    ///
    /// # Errors
    ///
    /// Those of the file system. If the links could not follow, the next change corrects them.
    pub fn commit(&self, lock: &LockFile) -> Result<(), StoreError> {
        lock.write(&self.store.lock_file())?;
        log::debug!("replaced `{}`", self.store.lock_file().display());
        self.tidy(lock)
    }

    /// Makes links and contents those of the lock file.
    fn tidy(&self, lock: &LockFile) -> Result<(), StoreError> {
        for (name, plugin) in &lock.plugins {
            self.set_link(name, &plugin.current.sha256)?;
        }
        self.remove_links(lock)?;
        self.remove_contents(lock)
    }

    fn set_link(&self, name: &str, sha256: &str) -> Result<(), StoreError> {
        let link = self.store.link(name);
        let is_foreign = self.store.foreign_file(name).is_some();
        // A lock file from another machine names files that are not here yet.
        if is_foreign || !self.store.content(name, sha256).is_file() {
            return Ok(());
        }
        let target = Path::new(STORE).join(sha256).join(file_name(name));
        let replace = || {
            if is_link_to(&link, &target, &self.store) {
                return Ok(());
            }
            let new = self.incoming(&format!("{}.link", file_name(name)));
            let _ = fs::remove_file(&new);
            make_link(&target, &new, &self.store)?;
            fs::rename(&new, &link)?;
            log::debug!("linked `{}`", link.display());
            sync_folder(&self.store.plugins)
        };
        replace().map_err(StoreError::file("write", &link))
    }

    /// Removes the links of plugins that are not installed.
    fn remove_links(&self, lock: &LockFile) -> Result<(), StoreError> {
        let expected: Vec<PathBuf> = lock.plugins.keys().map(|name| self.store.link(name)).collect();
        let entries = fs::read_dir(&self.store.plugins);
        let entries = entries.map_err(StoreError::file("read", &self.store.plugins))?;
        let paths = entries.flatten().map(|entry| entry.path());
        for path in paths.filter(|path| !expected.contains(path) && self.store.is_own_link(path)) {
            fs::remove_file(&path).map_err(StoreError::file("remove", &path))?;
            log::debug!("removed `{}`", path.display());
        }
        Ok(())
    }

    /// Removes contents that are not installed, and what was not completed.
    fn remove_contents(&self, lock: &LockFile) -> Result<(), StoreError> {
        let known: Vec<&str> = lock.contents().collect();
        let is_kept =
            |name: &OsStr| name == INCOMING || name == LOCK || known.iter().any(|known| name == *known);
        remove_entries(&self.store.folder(), is_kept)?;
        self.remove_incoming()
    }

    fn remove_incoming(&self) -> Result<(), StoreError> {
        remove_entries(&self.store.folder().join(INCOMING), |_| false)
    }
}

impl Drop for Exclusive {
    /// What did not enter the store is of no use to the next process, and may be what filled the disk.
    fn drop(&mut self) {
        if let Err(error) = self.remove_incoming() {
            log::info!("{error}");
        }
    }
}

/// Removes what is in a folder, other than what is kept by its name.
fn remove_entries(folder: &Path, is_kept: impl Fn(&OsStr) -> bool) -> Result<(), StoreError> {
    let entries = fs::read_dir(folder).map_err(StoreError::file("read", folder))?;
    for entry in entries.flatten().filter(|entry| !is_kept(&entry.file_name())) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Ok(()) => log::debug!("removed `{}`", path.display()),
            // In use, on a system that does not remove such files: the next change does.
            Err(error) => log::info!("could not remove `{}`: {error}", path.display()),
        }
    }
    Ok(())
}

/// Replaces the signature beside a stored file, if there is another one or none.
fn set_signature(library: &Path, signature: Option<&str>) -> io::Result<()> {
    let Some(signature) = signature else { return Ok(()) };
    let path = signature_path(library);
    match fs::read(&path) {
        Ok(known) if known == signature.as_bytes() => Ok(()),
        _ => atomic_file::replace(&path, signature.as_bytes()),
    }
}

/// SHA-256 of a file in lower-case hex.
///
/// # Errors
///
/// Those of the file system.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(HEXLOWER.encode(&hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Lets only the owner change a file, wherever it was copied from.
#[cfg(unix)]
fn set_mode(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_mode(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The name of a plugin's file.
#[must_use]
pub fn file_name(name: &str) -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path, _: &Store) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(unix)]
fn is_link_to(link: &Path, target: &Path, _: &Store) -> bool {
    fs::read_link(link).is_ok_and(|found| found == target)
}

/// Links require rights there that users do not have: the file is copied.
#[cfg(not(unix))]
fn make_link(target: &Path, link: &Path, store: &Store) -> io::Result<()> {
    fs::copy(store.plugins.join(target), link).map(drop)
}

#[cfg(not(unix))]
fn is_link_to(link: &Path, target: &Path, store: &Store) -> bool {
    matches!((sha256(link), sha256(&store.plugins.join(target))), (Ok(found), Ok(wanted)) if found == wanted)
}

/// Sees to it that a renamed entry is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
