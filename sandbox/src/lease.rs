//! One engine a sandbox: a locked file, which the system unlocks however its holder ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

/// The right to be the engine, until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a sandbox's folder; `None` if another process has it.
    pub(crate) fn take(root: &Path) -> Result<Option<Self>, io::Error> {
        let file = OpenOptions::new().create(true).append(true).open(root.join("engine.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
