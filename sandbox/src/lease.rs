//! Leases: a sandbox has one engine (`engine.lock`) and one server (`server.lock`) at a time.
//!
//! A lease is a locked file. The system unlocks it when its holder ends, also when the holder is killed, so
//! there are no stale leases; the file itself stays.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::Path,
    thread,
    time::Duration,
};

/// The lease of the engine that runs executions.
pub(crate) const ENGINE: &str = "engine.lock";
/// The lease of the server that listens.
pub(crate) const SERVER: &str = "server.lock";

/// How often [`Lease::wait`] tries, and the pause in between: [`is_held`] holds the lock for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// An exclusive right to a sandbox's folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    _file: File,
}

impl Lease {
    /// Takes a lease; `None` if another process holds it.
    ///
    /// # Errors
    ///
    /// When the file cannot be created or locked.
    pub(crate) fn try_take(root: &Path, name: &str) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().create(true).append(true).open(root.join(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// As [`try_take`](Self::try_take), but does not mistake a process that calls [`is_held`] for a holder.
    pub(crate) fn wait(root: &Path, name: &str) -> io::Result<Option<Self>> {
        for _ in 0..TRIES {
            if let Some(lease) = Self::try_take(root, name)? {
                return Ok(Some(lease));
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }
}

/// Whether a process holds a lease.
///
/// # Errors
///
/// When the file cannot be opened or locked; a missing file is a lease that was never taken.
pub(crate) fn is_held(root: &Path, name: &str) -> io::Result<bool> {
    let file = match File::open(root.join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_once_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path(), ENGINE).unwrap());
        let lease = Lease::try_take(folder.path(), ENGINE).unwrap().unwrap();
        assert!(is_held(folder.path(), ENGINE).unwrap());
        assert!(Lease::try_take(folder.path(), ENGINE).unwrap().is_none());
        assert!(Lease::try_take(folder.path(), SERVER).unwrap().is_some());
        drop(lease);
        assert!(!is_held(folder.path(), ENGINE).unwrap());
        assert!(Lease::wait(folder.path(), ENGINE).unwrap().is_some());
    }
}
