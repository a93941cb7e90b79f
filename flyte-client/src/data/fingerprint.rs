//! What a signed URL is asked for.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use md5::{Digest as _, Md5};
use tokio::time::timeout;

use super::{LOOK, Progress, TransferError, as_u64, reader::Reader};

/// A file's length and MD5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// In bytes.
    pub length: u64,
    /// Of all of it.
    pub md5: [u8; 16],
}

impl Fingerprint {
    /// Reads a file once.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn from_file(path: &Path, progress: Progress<'_>) -> Result<Self, TransferError> {
        let reader = Reader::open(path).await?;
        let done = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&done);
        let mut hashing = tokio::task::spawn_blocking(move || hash(reader, &seen));
        let hashed = loop {
            let hashed = timeout(LOOK, &mut hashing).await;
            progress(done.load(Ordering::Relaxed));
            if let Ok(hashed) = hashed {
                break hashed;
            }
        };
        let hashed = hashed.unwrap_or_else(|error| Err(error.into()));
        hashed.map_err(|source| TransferError::Read { path: path.to_owned(), source })
    }
}

fn hash(mut reader: Reader, done: &AtomicU64) -> io::Result<Fingerprint> {
    let (mut length, mut md5) = (0, Md5::new());
    while let Some(chunk) = reader.blocking_next() {
        let chunk = chunk?;
        md5.update(&chunk);
        length += as_u64(chunk.len());
        done.store(length, Ordering::Relaxed);
    }
    Ok(Fingerprint { length, md5: md5.finalize().into() })
}
