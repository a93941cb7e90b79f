//! Files to and from Flyte's store: by URLs that Flyte signs ([`Transfers`]),
//! streamed from and to the disk, whatever their size.
//!
//! Signed URLs carry their permission in the query, so that no message shows more of them than the host.

pub mod bucket;
mod download;
mod error;
mod fingerprint;
mod headers;
mod local;
mod reader;
mod upload;
mod url;
mod xml;

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use flyte_text::Redactor;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tokio::time::{Instant, sleep, timeout};

use self::url::target;
pub use self::{error::TransferError, fingerprint::Fingerprint, url::FileUrls};
use crate::{
    config::Secret,
    net::{
        Connector, Network, TrustError,
        fault::{self, Target},
        page,
    },
    retry::Policy,
    transport::{Code, Status, TransportError, TransportErrorKind},
};

/// How much of a file is in memory at a time.
const CHUNK: usize = 1 << 20;
/// How long nothing may move.
const STALL: Duration = Duration::from_secs(60);
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The least length of a value in a signed URL that counts as a secret, in bytes.
const SHORTEST_SECRET: usize = 16;
/// What is read of a refusal.
const LONGEST_REFUSAL: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Called with the number of bytes that are done by now.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Carries files.
pub struct Transfers {
    client: legacy::Client<Connector, Body>,
    files: FileUrls,
    retry: Policy,
    /// How many bytes a download may have.
    limit: u64,
    /// What servers other than Flyte's store need.
    published: Option<Published>,
}

/// Downloads from a server that publishes files, and is not Flyte's store.
#[derive(Clone, Debug, Default)]
struct Published {
    /// The host that gets `authorization`.
    host: String,
    authorization: Option<HeaderValue>,
}

impl Transfers {
    /// Over the same network as the calls. Nothing is opened before the first file.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn new(network: &Network, files: FileUrls) -> Result<Self, TrustError> {
        let client = legacy::Client::builder(TokioExecutor::new()).build(network.elsewhere()?);
        Ok(Self { client, files, retry: Policy::default(), limit: u64::MAX, published: None })
    }

    /// Changes how often and how long to try.
    #[must_use]
    pub fn retry(mut self, retry: Policy) -> Self {
        self.retry = retry;
        self
    }

    /// Refuses downloads with more bytes, unpacked.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Downloads from a server that publishes files: redirects are followed, other than from HTTPS to HTTP,
    /// and messages do not speak of Flyte. The token goes to this host (`host:port`) alone.
    #[must_use]
    pub fn from_publisher(mut self, host: &str, token: Option<&Secret>) -> Self {
        let value = token.map(|token| HeaderValue::from_str(&format!("Bearer {}", token.reveal())));
        let value = value.transpose().unwrap_or_else(|_| {
            log::warn!(
                "ignoring the token for `{host}`: it contains characters that are not allowed in a header"
            );
            None
        });
        let authorization = value.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        self.published = Some(Published { host: host.to_owned(), authorization });
        self
    }

    /// The header with the token, for a host that may have it.
    fn authorization(&self, url: &Uri) -> Option<&HeaderValue> {
        let published = self.published.as_ref()?;
        published.authorization.as_ref().filter(|_| target(url).place == published.host)
    }

    /// Sends a request, and again if the connection failed or broke, or the store is busy. Neither taking a
    /// file twice nor storing the same content twice does harm.
    async fn exchange(
        &self,
        url: &Uri,
        read: &Arc<AtomicU64>,
        progress: Progress<'_>,
        request: impl AsyncFn() -> Result<Request<Body>, TransferError>,
    ) -> Result<Response<Incoming>, TransferError> {
        let (started, mut tries) = (Instant::now(), 1);
        loop {
            let answer = self.send(request().await?, url, read, progress).await;
            let status = match &answer {
                Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    Status::new(Code::Unavailable, "")
                }
                Ok(_) => return answer.map_err(TransferError::Unanswered),
                Err(fault) => Status::fault(Code::Unavailable, fault.clone()),
            };
            let Some(pause) = self.retry.pause(&status, true, tries, started.elapsed()) else {
                return answer.map_err(TransferError::Unanswered);
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
    ) -> Result<Response<Incoming>, TransportError> {
        let mut response = pin!(self.client.request(request));
        let (mut seen, mut moved) = (0, Instant::now());
        loop {
            if let Ok(response) = timeout(LOOK, &mut response).await {
                progress(read.load(Ordering::Relaxed));
                return response.map_err(|error| lost(&error, url, self.published.is_some()));
            }
            let now = read.load(Ordering::Relaxed);
            if now != seen {
                (seen, moved) = (now, Instant::now());
                progress(seen);
            } else if moved.elapsed() > STALL {
                return Err(stalled(&target(url).place));
            }
        }
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The answer, unless it is a refusal.
async fn accepted(url: &Uri, response: Response<Incoming>) -> Result<Response<Incoming>, TransferError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let said = timeout(STALL, Limited::new(body, LONGEST_REFUSAL).collect()).await;
    let said = said.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let redactor = redactor_for(url);
    Err(TransferError::Refused {
        place: target(url).place,
        code: head.status.as_u16(),
        status: fault::with_reason(head.status),
        said: xml::refusal(&String::from_utf8_lossy(&said))
            .map(|text| redactor.redact(&text))
            .or_else(|| page::quote(kind, &said, &redactor)),
    })
}

/// Redacts the query of a signed URL, and the longer values in it, of which one is the signature.
fn redactor_for(url: &Uri) -> Redactor {
    let query = url.query().unwrap_or_default();
    let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    let secrets = values.filter(|value| value.len() >= SHORTEST_SECRET);
    Redactor::new(std::iter::once(query).chain(secrets).map(str::to_owned))
}

/// Why a request got no response. The user chose Flyte, and Flyte this store: hints about the configuration
/// would mislead.
fn lost(error: &legacy::Error, url: &Uri, is_published: bool) -> TransportError {
    let target: Target = target(url);
    if !error.is_connect() {
        return broken(&target.place);
    }
    let fault = fault::of_connect(error, &target);
    match fault::is_of_user(error) || is_published {
        true => fault,
        false => fault.hint(format!(
            "Flyte uses this address for its files; make it reachable from here: `{}`",
            target.place
        )),
    }
}

fn broken(place: &str) -> TransportError {
    TransportError::new(
        TransportErrorKind::Broken,
        format!("the connection to `{place}` broke before the transfer was complete"),
    )
}

fn stalled(place: &str) -> TransportError {
    let text = format!("nothing went to or came from `{place}` for {} s", STALL.as_secs());
    TransportError::new(TransportErrorKind::Deadline, text)
}
