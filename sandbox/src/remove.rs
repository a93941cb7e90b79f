//! Deletes a sandbox: the files that it created in its folder, and nothing else.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use flyte_client::atomic_file;

use crate::{
    blobs,
    lease::{self, Lease},
    objects,
    server::{ServeError, ServerLease},
    store::{self, Store},
};

/// The files of a sandbox, besides partial ones ([`atomic_file::is_partial`]). The folder may hold others,
/// which are kept.
///
/// The database is deleted after all other data, so that a removal that failed can be repeated.
const FILES: [&str; 12] = [
    "sandbox.db-wal",
    "sandbox.db-shm",
    "sandbox.db-journal",
    "engine.log",
    "server.json",
    "server.json.new",
    "server.log",
    "server.token",
    "server.token.new",
    "sandbox.db",
    "engine.lock",
    "server.lock",
];
/// Files of uploads and outputs, the folders of attempts, and what tasks store in buckets.
const FOLDERS: [&str; 4] = [blobs::FOLDER, "runs", objects::BUCKETS, objects::UPLOADS];

/// How long to wait for an idle engine, which ends after a second without executions.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Why a sandbox cannot be deleted.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Another process serves it.
    #[error(transparent)]
    Served(ServeError),
    /// Executions are running.
    #[error("could not delete the sandbox in `{}`: executions are running", root.display())]
    Working {
        /// The sandbox's folder.
        root: PathBuf,
    },
    /// A file cannot be deleted.
    #[error("could not delete `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl RemoveError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Served(error) => error.hint(),
            Self::Working { .. } => {
                Some("wait for them to end, or run `flyte-host execution terminate`".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

/// Deletes a sandbox and all its data; returns `false` if there is none.
///
/// # Errors
///
/// When it is in use, or a file cannot be deleted.
pub fn remove(root: &Path) -> Result<bool, RemoveError> {
    remove_within(root, ENGINE_TIMEOUT)
}

fn remove_within(root: &Path, patience: Duration) -> Result<bool, RemoveError> {
    if !root.join("sandbox.db").exists() {
        return Ok(false);
    }
    let failed = |path: &Path, source| RemoveError::Io { path: path.to_owned(), source };
    let _server_lease = ServerLease::take(root).map_err(RemoveError::Served)?;
    let lease = idle_engine(root, patience).map_err(|source| failed(root, source))?;
    let _lease = lease.ok_or_else(|| RemoveError::Working { root: root.to_owned() })?;
    for name in FOLDERS {
        let path = root.join(name);
        absent_is_fine(fs::remove_dir_all(&path)).map_err(|source| failed(&path, source))?;
    }
    let partial = partial_files(root).map_err(|source| failed(root, source))?;
    for path in partial.into_iter().chain(FILES.map(|name| root.join(name))) {
        absent_is_fine(fs::remove_file(&path)).map_err(|source| failed(&path, source))?;
    }
    // Fails if other files are in it.
    let _ = fs::remove_dir(root);
    Ok(true)
}

/// The files that killed processes did not finish.
fn partial_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if atomic_file::is_partial(&entry.file_name()) && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// Takes the engine's lease; an idle engine releases it soon.
fn idle_engine(root: &Path, patience: Duration) -> io::Result<Option<Lease>> {
    let asked = Instant::now();
    loop {
        let lease = Lease::try_take(root, lease::ENGINE)?;
        if lease.is_some() || asked.elapsed() >= patience || has_work(root) {
            return Ok(lease);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Whether executions are open. A store that cannot be read has none to wait for.
fn has_work(root: &Path) -> bool {
    let Ok(store) = Store::open(root) else { return false };
    store.read(store::execution::open).is_ok_and(|open| !open.is_empty())
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineStart, Sandbox, SandboxOptions};

    fn sandbox(root: &Path) {
        Sandbox::open(&SandboxOptions { root: root.to_owned(), engine: EngineStart::External }).unwrap();
        fs::create_dir_all(root.join("blobs/a")).unwrap();
        fs::write(root.join("blobs/a/b"), "").unwrap();
        fs::create_dir_all(root.join("runs/p/d/e/n0/0/work")).unwrap();
        // As if its process had been killed.
        std::mem::forget(atomic_file::PartialFile::create(&root.join("server.json")).unwrap());
    }

    #[test]
    fn everything_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("sandbox");
        sandbox(&root);
        assert!(remove(&root).unwrap());
        assert!(!root.exists());
        assert!(!remove(&root).unwrap());
    }

    #[test]
    fn files_of_killed_processes_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("sandbox");
        sandbox(&root);
        for name in ["sandbox.db-journal", "server.token.new"] {
            fs::write(root.join(name), "").unwrap();
        }
        assert!(remove(&root).unwrap());
        assert!(!root.exists());
    }

    #[test]
    fn other_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        sandbox(folder.path());
        for name in ["thesis.txt", ".thesis.txt.part"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(remove(folder.path()).unwrap());
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".thesis.txt.part", "thesis.txt"]);
    }

    #[test]
    fn a_sandbox_with_a_running_engine_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        sandbox(folder.path());
        let _lease = Lease::try_take(folder.path(), lease::ENGINE).unwrap().unwrap();
        let removed = remove_within(folder.path(), Duration::ZERO);
        assert!(matches!(removed, Err(RemoveError::Working { .. })));
        assert!(folder.path().join("sandbox.db").exists());
    }
}
