//! A file to a signed URL.

use std::{
    io,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Request, Uri};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::{
    Body, Fingerprint, Progress, TransferError, Transfers, accepted, as_u64, headers, local, reader::Reader,
    url::Url,
};
use crate::proto::service::CreateUploadLocationResponse;

impl Transfers {
    /// Puts a file where `CreateUploadLocation` said.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is another by now, or when the store does not take it.
    pub async fn put(
        &self,
        file: &Path,
        fingerprint: &Fingerprint,
        location: &CreateUploadLocationResponse,
        progress: Progress<'_>,
    ) -> Result<(), TransferError> {
        let url = match Url::parse(&location.signed_url, self.files)? {
            Url::Local(path) => return local::copy(file, &path, u64::MAX).await.map(progress),
            Url::Http(url) => url,
        };
        let read = Arc::new(AtomicU64::new(0));
        let failed = Arc::new(OnceLock::new());
        let answer = self.exchange(&url, &read, progress, async || {
            if let Some(error) = failed.get() {
                return Err(unreadable(file, error));
            }
            read.store(0, Ordering::Relaxed);
            let reader = Reader::open(file).await?;
            let sending = Sending {
                reader,
                left: fingerprint.length,
                read: Arc::clone(&read),
                failed: Arc::clone(&failed),
            };
            request(&url, sending.into_body(), fingerprint, location)
        });
        let answer = answer.await;
        match (answer, failed.get()) {
            // The connection broke because the file did.
            (Err(TransferError::Unanswered(_)), Some(error)) => Err(unreadable(file, error)),
            (answer, _) => accepted(&url, answer?).await.map(drop),
        }
    }
}

fn unreadable(file: &Path, (kind, text): &(io::ErrorKind, String)) -> TransferError {
    TransferError::Read { path: file.to_owned(), source: io::Error::new(*kind, text.clone()) }
}

fn request(
    url: &Uri,
    body: Body,
    fingerprint: &Fingerprint,
    location: &CreateUploadLocationResponse,
) -> Result<Request<Body>, TransferError> {
    let headers = headers::of_upload(fingerprint, location)?;
    let mut request = Request::put(url).body(body).map_err(|_| TransferError::Url)?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// A file that is being sent: exactly as many bytes as were announced, or none of it counts.
struct Sending {
    reader: Reader,
    left: u64,
    read: Arc<AtomicU64>,
    failed: Arc<OnceLock<(io::ErrorKind, String)>>,
}

impl Sending {
    fn into_body(self) -> Body {
        let frames = futures_util::stream::try_unfold(self, async |mut sending| {
            let chunk = sending.next().await.inspect_err(|error| {
                let _ = sending.failed.set((error.kind(), error.to_string()));
            })?;
            Ok(chunk.map(|chunk| (Frame::data(chunk), sending)))
        });
        BodyExt::boxed_unsync(StreamBody::new(frames))
    }

    async fn next(&mut self) -> io::Result<Option<bytes::Bytes>> {
        let changed = || io::Error::other("its length changed while it was uploaded");
        match self.reader.next().await.transpose()? {
            None if self.left > 0 => Err(changed()),
            None => Ok(None),
            Some(chunk) => {
                self.left = self.left.checked_sub(as_u64(chunk.len())).ok_or_else(changed)?;
                self.read.fetch_add(as_u64(chunk.len()), Ordering::Relaxed);
                Ok(Some(chunk))
            }
        }
    }
}
