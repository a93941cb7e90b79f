//! A file from a signed URL: whole, or not there at all.
//!
//! What breaks off is taken up where it broke off (RFC 9110, 14), as long as the store says that it is still
//! the same.

use std::{io, path::Path, sync::Arc};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use tokio::{
    fs::File,
    io::{AsyncSeekExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};

use super::{
    Body, CHUNK, Progress, STALL, TransferError, Transfers, accepted, as_u64, broken, local, stalled, target,
    url::Url,
};
use crate::atomic_file::PartialFile;
use crate::transport::{Code, Status, TransportError};

impl Transfers {
    /// Gets what is behind a signed URL into a file, which is there only when all of it is; returns its
    /// length.
    ///
    /// # Errors
    ///
    /// When the store does not give it, or the file cannot be written.
    pub async fn get(&self, url: &str, file: &Path, progress: Progress<'_>) -> Result<u64, TransferError> {
        let url = match Url::parse(url, self.files)? {
            Url::Local(path) => {
                let length = local::copy(&path, file, self.limit).await?;
                progress(length);
                return Ok(length);
            }
            Url::Http(url) => url,
        };
        let unwritable = |source| TransferError::Write { path: file.to_owned(), source };
        let part = PartialFile::create(file).map_err(unwritable)?;
        let mut download = Download::start(url, &part, self.limit).await?;
        let (mut since, mut tries, mut furthest) = (Instant::now(), 1, 0);
        while let Some(fault) = download.resume(self, progress).await? {
            if download.arrived > furthest {
                (since, tries, furthest) = (Instant::now(), 1, download.arrived);
            }
            let status = Status::fault(Code::Unavailable, fault.clone());
            let pause = self.retry.pause(&status, true, tries, since.elapsed());
            sleep(pause.ok_or(TransferError::Unanswered(fault))?).await;
            tries += 1;
        }
        let length = download.finish().await?;
        part.persist().map_err(unwritable)?;
        Ok(length)
    }
}

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// How a body is written, which is not the file's business.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Identity,
}

impl Coding {
    fn from_headers(headers: &HeaderMap) -> Result<Self, TransferError> {
        let named =
            headers.get(header::CONTENT_ENCODING).map(|name| String::from_utf8_lossy(name.as_bytes()));
        match named.as_deref().map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some(name) => Err(TransferError::Coding { name: name.to_owned() }),
        }
    }
}

/// How long a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(u64),
    Unknown,
}

impl From<Option<u64>> for Length {
    fn from(length: Option<u64>) -> Self {
        length.map_or(Self::Unknown, Self::Known)
    }
}

/// A file on its way here.
struct Download<'a> {
    url: Uri,
    part: &'a PartialFile,
    file: File,
    /// How many bytes it may have.
    limit: u64,
    redirects: usize,
    /// How many bytes of the body are in the file.
    arrived: u64,
    coding: Coding,
    /// The validator of what arrived; without one nothing can be taken up.
    etag: Option<HeaderValue>,
}

impl<'a> Download<'a> {
    async fn start(url: Uri, part: &'a PartialFile, limit: u64) -> Result<Self, TransferError> {
        let file = File::create(part.path()).await.map_err(|source| unwritable(part, source))?;
        let mut download =
            Self { url, part, file, limit, redirects: 0, arrived: 0, coding: Coding::Identity, etag: None };
        download.file.set_max_buf_size(CHUNK);
        Ok(download)
    }

    /// Asks for what is not there yet, and writes what comes; returns why that was not all.
    async fn resume(
        &mut self,
        transfers: &Transfers,
        progress: Progress<'_>,
    ) -> Result<Option<TransportError>, TransferError> {
        let answer = self.answer(transfers).await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE && self.arrived > 0 {
            self.begin_again().await?;
            return Ok(Some(self.broken()));
        }
        let answer = accepted(&self.url, answer).await?;
        let Some(whole) = self.agree(&answer).await? else { return Ok(Some(self.broken())) };
        if let Some(fault) = self.save(answer.into_body(), progress).await? {
            return Ok(Some(fault));
        }
        Ok((whole != Length::Known(self.arrived) && whole != Length::Unknown).then(|| self.broken()))
    }

    /// The answer, behind the redirects that may be followed.
    async fn answer(&mut self, transfers: &Transfers) -> Result<Response<Incoming>, TransferError> {
        loop {
            let request = async || self.request(transfers.authorization(&self.url));
            let answer = transfers.exchange(&self.url, &Arc::default(), &|_| (), request).await?;
            let is_redirect = answer.status().is_redirection() && transfers.published.is_some();
            let Some(next) = redirect(&self.url, answer.headers()).filter(|_| is_redirect) else {
                return Ok(answer);
            };
            if self.redirects == MAX_REDIRECTS {
                return Ok(answer);
            }
            self.redirects += 1;
            self.url = next;
        }
    }

    fn broken(&self) -> TransportError {
        broken(&target(&self.url).place)
    }

    fn request(&self, authorization: Option<&HeaderValue>) -> Result<Request<Body>, TransferError> {
        // The bytes as they are in the store; some stores unpack what was stored packed, if asked so.
        let mut request = Request::get(&self.url).header(header::ACCEPT_ENCODING, "identity");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        if let (1.., Some(etag)) = (self.arrived, &self.etag) {
            request = request.header(header::RANGE, format!("bytes={}-", self.arrived));
            request = request.header(header::IF_RANGE, etag.clone());
        }
        request
            .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
            .map_err(|_| TransferError::Url)
    }

    /// Reads the range of a response and returns the total length; `None` if it is not the requested range.
    async fn agree(&mut self, answer: &Response<Incoming>) -> Result<Option<Length>, TransferError> {
        let headers = answer.headers();
        let length = number(headers.get(header::CONTENT_LENGTH));
        let is_part = answer.status() == StatusCode::PARTIAL_CONTENT;
        if is_part
            && let Some((start, whole)) = range(headers)
            && start == self.arrived
        {
            return Ok(Some(whole.or(length.map(|length| start.saturating_add(length))).into()));
        }
        if self.arrived > 0 {
            self.begin_again().await?;
        }
        if is_part {
            return Ok(None);
        }
        self.coding = Coding::from_headers(headers)?;
        self.etag = headers.get(header::ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/")).cloned();
        Ok(Some(length.into()))
    }

    async fn begin_again(&mut self) -> Result<(), TransferError> {
        let unwritable = |source| unwritable(self.part, source);
        self.file.set_len(0).await.map_err(unwritable)?;
        self.file.rewind().await.map_err(unwritable)?;
        (self.arrived, self.etag) = (0, None);
        Ok(())
    }

    /// Writes what comes; returns why it ended early.
    async fn save(
        &mut self,
        mut body: Incoming,
        progress: Progress<'_>,
    ) -> Result<Option<TransportError>, TransferError> {
        loop {
            let Ok(frame) = timeout(STALL, body.frame()).await else {
                return Ok(Some(stalled(&target(&self.url).place)));
            };
            let frame = match frame {
                None => return Ok(None),
                Some(Err(_)) => return Ok(Some(self.broken())),
                Some(Ok(frame)) => frame,
            };
            if let Ok(data) = frame.into_data() {
                if self.arrived + as_u64(data.len()) > self.limit {
                    return Err(TransferError::TooLarge { limit: self.limit });
                }
                self.file.write_all(&data).await.map_err(|source| unwritable(self.part, source))?;
                self.arrived += as_u64(data.len());
                progress(self.arrived);
            }
        }
    }

    /// Sees to it that the file is on the disk, unpacked; returns its length.
    async fn finish(mut self) -> Result<u64, TransferError> {
        let unwritable = |source| unwritable(self.part, source);
        self.file.flush().await.map_err(unwritable)?;
        if self.coding == Coding::Gzip {
            return local::unpack(self.part, self.limit).await;
        }
        self.file.sync_all().await.map_err(unwritable)?;
        Ok(self.arrived)
    }
}

/// Where a redirect leads: to a URL, or to a path of the same server; never from HTTPS to HTTP.
fn redirect(from: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let next: Uri = if location.starts_with('/') && !location.starts_with("//") {
        format!("{}://{}{location}", from.scheme_str()?, from.authority()?).parse().ok()?
    } else {
        location.parse().ok()?
    };
    match (from.scheme_str()?, next.scheme_str()?) {
        (_, "https") | ("http", "http") => Some(next).filter(|next| next.host().is_some()),
        _ => None,
    }
}

fn unwritable(part: &PartialFile, source: io::Error) -> TransferError {
    TransferError::Write { path: part.path().to_owned(), source }
}

fn number(value: Option<&HeaderValue>) -> Option<u64> {
    value?.to_str().ok()?.trim().parse().ok()
}

/// `bytes 100-199/200`: where it starts, and how long all of it is.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (span, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((span.split_once('-')?.0.parse().ok()?, whole.parse().ok()))
}
