//! One sign-in at a time for each endpoint, among all processes of this user.
//!
//! The turn is a lock on a file beside the tokens. The system gives it back when its owner ends, however that ends, so
//! there is nothing to clean up and nothing to time out; the file stays, empty.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::store::{make_folder, path_of};

/// How often to see whether the turn is free. A person who waits does not notice it, nor does the machine.
const PAUSE: Duration = Duration::from_millis(100);

/// The turn of this process. Dropping it, or the end of the process, gives the turn to the next.
#[derive(Debug)]
pub(crate) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for the turn; `waiting` is called once, when another process has it.
    ///
    /// `None`: not within the limit.
    ///
    /// # Errors
    ///
    /// At once, when the folder cannot be made or written, or its file system knows no locks: then nobody can take
    /// turns here, and one goes without.
    pub(crate) async fn wait(
        folder: &Path,
        endpoint: &str,
        limit: Duration,
        waiting: impl FnOnce(),
    ) -> io::Result<Option<Self>> {
        let file = open(folder, endpoint)?;
        let mut waiting = Some(waiting);
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            time::sleep(PAUSE.min(left)).await;
        }
    }
}

fn open(folder: &Path, endpoint: &str) -> io::Result<File> {
    make_folder(folder)?;
    let mut options = OpenOptions::new();
    // For reading too: so a pipe in its place cannot hang.
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path_of(folder, endpoint, "lock"))
}
