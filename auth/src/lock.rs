//! One sign-in at a time for each endpoint, among all processes of this user.

use std::{fs::File, io, path::Path, time::Duration};

/// The turn of this process. Dropping it, or the end of the process, gives the turn to the next.
#[derive(Debug)]
pub(crate) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for the turn; `waiting` is called once, when another process has it.
    ///
    /// `None`: not within the limit.
    pub(crate) async fn wait(
        folder: &Path,
        endpoint: &str,
        limit: Duration,
        waiting: impl FnOnce(),
    ) -> io::Result<Option<Self>> {
        let _ = (folder, endpoint, limit, waiting);
        todo!()
    }
}
