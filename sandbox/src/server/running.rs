//! Where a sandbox is served, for other processes: `server.json`, and a lock that says whether it is true.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::ServeError;

const LOCK: &str = "server.lock";
const FILE: &str = "server.json";

/// Somebody who asks where a server runs holds the lock for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// A server of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Running {
    /// The address by which this machine reaches it, also where it listens on all addresses.
    #[must_use]
    pub fn reachable(&self) -> SocketAddr {
        super::reachable(self.address)
    }
}

/// Where a server of the sandbox in a folder listens; `None` if there is none.
///
/// A file that a killed server left behind does not mislead: the server's lock went with it.
#[must_use]
pub fn running(root: &Path) -> Option<Running> {
    let lock = File::open(root.join(LOCK)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => announced(root),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn announced(root: &Path) -> Option<Running> {
    serde_json::from_slice(&fs::read(root.join(FILE)).ok()?).ok()
}

/// The right to serve a sandbox, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    root: PathBuf,
    /// The system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl Place {
    /// Takes the right, unless another process has it.
    pub(crate) fn take(root: &Path) -> Result<Self, ServeError> {
        let path = root.join(LOCK);
        let failed = |source| ServeError::Place { path: path.clone(), source };
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => {
                    let place = Self { root: root.to_owned(), _lock: lock };
                    place.forget()?;
                    return Ok(place);
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(ServeError::Taken { root: root.to_owned(), running: announced(root) })
    }

    /// Says where the server listens: all of it at once.
    pub(super) fn announce(&mut self, address: SocketAddr) -> Result<(), ServeError> {
        let path = self.root.join(FILE);
        let partial = self.root.join("server.json.new");
        let running = Running { pid: std::process::id(), address };
        let text = serde_json::to_vec(&running).expect("numbers and addresses have a JSON form");
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, &path))
            .map_err(|source| ServeError::Place { path, source })
    }

    fn forget(&self) -> Result<(), ServeError> {
        let path = self.root.join(FILE);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(ServeError::Place { path, source }),
            _ => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The lock says that it is not true any more; the file is only tidied away.
        let _ = self.forget();
    }
}
