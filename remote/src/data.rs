//! Files to and from the URLs that Flyte signs: streamed from and to the disk, whatever their size.
//!
//! The URLs carry their permission in the query, so that no message shows more of them than the host.

mod error;
mod local;

use std::{
    io,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::{client::legacy, rt::TokioExecutor};
use md5::{Digest as _, Md5};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};

pub use self::error::Error;
use crate::{
    net::{
        Connector, Network, TrustError,
        fault::{self, Target},
        page,
    },
    proto::service::CreateUploadLocationResponse,
    retry::Policy,
    transport::{Code, Fault, FaultKind, Status},
};

/// How much of a file is in memory at a time.
const CHUNK: usize = 1 << 20;
/// How long nothing may move.
const STALL: Duration = Duration::from_secs(60);
/// What is read of a refusal.
const LONGEST_REFUSAL: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Told of each piece of a file: how many bytes are done by now.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// What to do with `file://` URLs, which a server elsewhere must not hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileUrls {
    /// They are this machine's own: those of a sandbox within this process.
    Copy,
    /// They are an error.
    Refuse,
}

/// Carries files.
pub struct Transfers {
    client: legacy::Client<Connector, Body>,
    files: FileUrls,
    retry: Policy,
}

/// What a signed URL is asked for: a file's length and MD5.
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
    pub async fn of(path: &Path, progress: Progress<'_>) -> Result<Self, Error> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let mut file = open(path).await.map_err(unreadable)?;
        let (mut length, mut hash) = (0, Md5::new());
        while let Some(chunk) = next_chunk(&mut file).await.map_err(unreadable)? {
            hash.update(&chunk);
            length += as_u64(chunk.len());
            progress(length);
        }
        Ok(Self { length, md5: hash.finalize().into() })
    }
}

impl Transfers {
    /// Over the same network as the calls. Nothing is opened before the first file.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn new(network: &Network, files: FileUrls) -> Result<Self, TrustError> {
        let client = legacy::Client::builder(TokioExecutor::new()).build(network.elsewhere()?);
        Ok(Self { client, files, retry: Policy::default() })
    }

    /// Changes how often and how long to try.
    #[must_use]
    pub fn retry(mut self, retry: Policy) -> Self {
        self.retry = retry;
        self
    }

    /// Puts a file where `CreateUploadLocation` said.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or the store does not take it.
    pub async fn put(
        &self,
        file: &Path,
        fingerprint: &Fingerprint,
        place: &CreateUploadLocationResponse,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let url = match self.url(&place.signed_url)? {
            Url::Local(path) => return local::copy(file, &path, progress).await,
            Url::Http(url) => url,
        };
        let read = Arc::new(AtomicU64::new(0));
        let response = self
            .exchange(&url, &read, progress, async || {
                read.store(0, Ordering::Relaxed);
                let source =
                    open(file).await.map_err(|source| Error::Read { path: file.to_owned(), source })?;
                put_request(&url, streamed(source, Arc::clone(&read)), fingerprint, place)
            })
            .await?;
        refused(&url, response).await.map(drop)
    }

    /// Gets what is behind a signed URL into a file, which is there only when all of it is; returns its length.
    ///
    /// # Errors
    ///
    /// When the store does not give it, or the file cannot be written.
    pub async fn get(&self, url: &str, file: &Path, progress: Progress<'_>) -> Result<u64, Error> {
        let url = match self.url(url)? {
            Url::Local(path) => {
                local::copy(&path, file, progress).await?;
                let unreadable = |source| Error::Read { path, source };
                return tokio::fs::metadata(file).await.map(|metadata| metadata.len()).map_err(unreadable);
            }
            Url::Http(url) => url,
        };
        let response = self
            .exchange(&url, &Arc::default(), &|_| (), async || {
                Request::get(&url).body(empty()).map_err(|_| Error::Url)
            })
            .await?;
        let body = refused(&url, response).await?;
        let part = local::Part::of(file)?;
        let length = save(body, &part, &target(&url), progress).await?;
        part.keep(file)?;
        Ok(length)
    }

    fn url(&self, url: &str) -> Result<Url, Error> {
        if let Some(path) = local::path_of(url) {
            return match self.files {
                FileUrls::Copy => Ok(Url::Local(path)),
                FileUrls::Refuse => Err(Error::FileUrl),
            };
        }
        let url: Uri = url.parse().map_err(|_| Error::Url)?;
        match (url.scheme_str(), url.host()) {
            (Some("http" | "https"), Some(_)) => Ok(Url::Http(url)),
            _ => Err(Error::Url),
        }
    }

    /// Sends a request, and again if no connection came about or the store is busy: then nothing was stored.
    async fn exchange(
        &self,
        url: &Uri,
        read: &Arc<AtomicU64>,
        progress: Progress<'_>,
        request: impl AsyncFn() -> Result<Request<Body>, Error>,
    ) -> Result<Response<Incoming>, Error> {
        let (started, mut tries) = (Instant::now(), 1);
        loop {
            let answer = self.send(request().await?, url, read, progress).await;
            let status = match &answer {
                Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    Status::new(Code::Unavailable, "")
                }
                Ok(_) => return answer.map_err(Error::Unanswered),
                Err(fault) => Status::fault(Code::Unavailable, fault.clone()),
            };
            let Some(pause) = self.retry.pause(&status, status.fault.is_none(), tries, started.elapsed())
            else {
                return answer.map_err(Error::Unanswered);
            };
            sleep(pause).await;
            tries += 1;
        }
    }

    async fn send(
        &self,
        request: Request<Body>,
        url: &Uri,
        read: &AtomicU64,
        progress: Progress<'_>,
    ) -> Result<Response<Incoming>, Fault> {
        const LOOK: Duration = Duration::from_millis(100);
        let mut response = pin!(self.client.request(request));
        let (mut seen, mut moved) = (0, Instant::now());
        loop {
            if let Ok(response) = timeout(LOOK, &mut response).await {
                progress(read.load(Ordering::Relaxed));
                return response.map_err(|error| lost(&error, url));
            }
            let now = read.load(Ordering::Relaxed);
            if now != seen {
                (seen, moved) = (now, Instant::now());
                progress(seen);
            } else if moved.elapsed() > STALL {
                return Err(stalled(url));
            }
        }
    }
}

/// Where a URL leads.
enum Url {
    Http(Uri),
    Local(std::path::PathBuf),
}

fn put_request(
    url: &Uri,
    body: Body,
    fingerprint: &Fingerprint,
    place: &CreateUploadLocationResponse,
) -> Result<Request<Body>, Error> {
    let mut request = Request::put(url)
        .header(header::CONTENT_LENGTH, fingerprint.length)
        .header("content-md5", BASE64.encode(&fingerprint.md5))
        .body(body)
        .map_err(|_| Error::Url)?;
    let headers = request.headers_mut();
    // Azure asks for it, and Flyte does not say so.
    if place.native_url.starts_with("abfs://") {
        headers.insert("x-ms-blob-type", HeaderValue::from_static("BlockBlob"));
    }
    for (name, value) in &place.headers {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            _ => return Err(Error::Header { name: name.clone() }),
        }
    }
    Ok(request)
}

async fn open(path: &Path) -> io::Result<File> {
    let mut file = File::open(path).await?;
    file.set_max_buf_size(CHUNK);
    Ok(file)
}

async fn next_chunk(file: &mut File) -> io::Result<Option<Bytes>> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    Ok(match file.read_buf(&mut chunk).await? {
        0 => None,
        _ => Some(chunk.freeze()),
    })
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn streamed(file: File, read: Arc<AtomicU64>) -> Body {
    let frames = futures_util::stream::try_unfold((file, read), async |(mut file, read)| {
        let Some(chunk) = next_chunk(&mut file).await? else { return Ok(None) };
        read.fetch_add(as_u64(chunk.len()), Ordering::Relaxed);
        Ok(Some((Frame::data(chunk), (file, read))))
    });
    BodyExt::boxed_unsync(StreamBody::new(frames))
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// The body of an answer, unless it is a refusal.
async fn refused(url: &Uri, response: Response<Incoming>) -> Result<Incoming, Error> {
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let said = timeout(STALL, Limited::new(body, LONGEST_REFUSAL).collect()).await;
    let said = said.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Err(Error::Refused {
        place: target(url).place,
        status: fault::with_reason(head.status),
        said: page::quote(kind, &said),
    })
}

async fn save(
    mut body: Incoming,
    part: &local::Part,
    from: &Target,
    progress: Progress<'_>,
) -> Result<u64, Error> {
    let unwritable = |source| Error::Write { path: part.path().to_owned(), source };
    let mut file = File::create(part.path()).await.map_err(unwritable)?;
    file.set_max_buf_size(CHUNK);
    let mut length = 0;
    loop {
        let Ok(frame) = timeout(STALL, body.frame()).await else {
            return Err(Error::Unanswered(stalled_at(&from.place)));
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| Error::Unanswered(broken(&from.place)))?;
        if let Ok(data) = frame.into_data() {
            file.write_all(&data).await.map_err(unwritable)?;
            length += as_u64(data.len());
            progress(length);
        }
    }
    file.flush().await.map_err(unwritable)?;
    file.sync_all().await.map_err(unwritable)?;
    Ok(length)
}

fn target(url: &Uri) -> Target {
    let tls = url.scheme_str() == Some("https");
    let host = url.host().unwrap_or_default().to_owned();
    let place = format!("{host}:{}", url.port_u16().unwrap_or(if tls { 443 } else { 80 }));
    Target { place, host, tls }
}

/// Why there is no answer. The user chose Flyte, and Flyte this store: hints about the configuration would mislead.
fn lost(error: &legacy::Error, url: &Uri) -> Fault {
    let target = target(url);
    if !error.is_connect() {
        return broken(&target.place);
    }
    fault::of_connect(error, &target).hint(format!(
        "Flyte names this address for its files; it has to be reachable from here: `{}`",
        target.place
    ))
}

fn broken(place: &str) -> Fault {
    Fault::new(FaultKind::Broken, format!("the connection to `{place}` broke before all was there"))
}

fn stalled(url: &Uri) -> Fault {
    stalled_at(&target(url).place)
}

fn stalled_at(place: &str) -> Fault {
    let text = format!("nothing went to or came from `{place}` for {} s", STALL.as_secs());
    Fault::new(FaultKind::Deadline, text)
}
