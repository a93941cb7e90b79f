//! A file on its way to a hash or a connection: read ahead on a thread of its own, so that the disk never
//! waits for what is done with the bytes.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{CHUNK, TransferError};

/// How many chunks are read ahead.
const AHEAD: usize = 4;

/// The chunks of a file, in order.
pub(super) struct Reader(mpsc::Receiver<io::Result<Bytes>>);

impl Reader {
    /// Opens a file, and begins to read it.
    pub(super) async fn open(path: &Path) -> Result<Self, TransferError> {
        let owned = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || File::open(owned)).await;
        let opened = opened.unwrap_or_else(|error| Err(error.into()));
        let file = opened.map_err(|source| TransferError::Read { path: path.to_owned(), source })?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        // It ends with the file, or when the receiver is dropped.
        tokio::task::spawn_blocking(move || {
            let mut chunks = std::iter::from_fn(|| next_chunk(&file).transpose());
            while let Some(chunk) = chunks.next()
                && sender.blocking_send(chunk).is_ok()
            {}
        });
        Ok(Self(receiver))
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.0.recv().await
    }

    /// As [`Reader::next`], on a thread that may block.
    pub(super) fn blocking_next(&mut self) -> Option<io::Result<Bytes>> {
        self.0.blocking_recv()
    }
}

fn next_chunk(file: &File) -> io::Result<Option<Bytes>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let read = file.take(super::as_u64(CHUNK)).read_to_end(&mut chunk)?;
    Ok((read > 0).then(|| chunk.into()))
}
