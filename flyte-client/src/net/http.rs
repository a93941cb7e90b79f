//! Small requests to servers other than Flyte: the identity provider.
//!
//! One request, one answer, all of it in memory. No redirects are followed, no cookies are kept, and nothing
//! is sent twice: a request may hold what can be used only once. Errors quote nothing of a request or a
//! response but a web page's title, since either may hold tokens.

use std::time::Duration;

use bytes::Bytes;
use flyte_text::Redactor;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{client::legacy, rt::TokioExecutor};

use super::{
    Connector, Network, TrustError,
    connector::Heard,
    fault::{self, Places, Target},
    page,
};
use crate::transport::{Code, Status, TransportError, TransportErrorKind};

/// How long a request may take, its connection included.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is taken, in bytes.
pub const LARGEST_ANSWER: usize = 1 << 20;

/// A client for HTTP, over the same network as the calls.
pub struct Http {
    client: legacy::Client<Connector, Full<Bytes>>,
    timeout: Duration,
    places: Places,
}

impl Http {
    /// Nothing is opened before the first request.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn new(network: &Network) -> Result<Self, TrustError> {
        // A connection that waits for its next request may be closed at any moment, and then it is not known
        // whether the request arrived.
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(network.provider()?);
        Ok(Self { client, timeout: TIMEOUT, places: network.places() })
    }

    /// Changes how long a request may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request, and reads all of its answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Without a response, or with one of more than [`LARGEST_ANSWER`]; the status has a [`TransportError`].
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Status> {
        let target = Target { places: self.places.clone(), ..target(request.uri()).ok_or_else(no_address)? };
        let exchange = self.exchange(request, &target);
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        answer.unwrap_or_else(|_| Err(fault::deadline(&target, self.timeout)))
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        target: &Target,
    ) -> Result<Response<Vec<u8>>, Status> {
        let mut request = request.map(|body| Full::new(body.into()));
        let agent = HeaderValue::from_static(concat!("flyte-host/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().entry(header::USER_AGENT).or_insert(agent);
        let response = self.client.request(request).await.map_err(|error| lost(&error, target))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() { too_large(target) } else { broken(error.as_ref(), target) }
        })?;
        Ok(Response::from_parts(head, body.to_bytes().into()))
    }
}

/// A web page, where something else was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPage {
    /// What it says: its title or its first heading, if it has one, in one short, sanitized line.
    pub says: Option<String>,
}

/// The answer as a web page, if it is one.
#[must_use]
pub fn web_page(answer: &Response<Vec<u8>>, redactor: &Redactor) -> Option<WebPage> {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    page::is_page(kind, answer.body()).then(|| WebPage { says: page::quote(kind, answer.body(), redactor) })
}

/// A status for people, such as `502 Bad Gateway`.
#[must_use]
pub fn status_line(status: StatusCode) -> String {
    fault::with_reason(status)
}

/// `None` for URLs other than `http://` and `https://`.
fn target(url: &Uri) -> Option<Target> {
    let tls = match url.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let host = url.host()?.to_owned();
    let place = format!("{host}:{}", url.port_u16().unwrap_or(if tls { 443 } else { 80 }));
    Some(Target { place, host, tls, places: Places::default() })
}

fn no_address() -> Status {
    let fault = TransportError::new(TransportErrorKind::Transport, "not an HTTP URL");
    Status::fault(Code::Internal, fault)
}

/// Why a request got no response. The server chose this address, and not the user: hints about Flyte's would
/// mislead.
fn lost(error: &legacy::Error, target: &Target) -> Status {
    if !error.is_connect() {
        return broken(error, target);
    }
    let found = fault::of_connect(error, target);
    let hint = match fault::is_of_user(error) {
        true => found.hint.clone(),
        false => Some(format!(
            "the server names this address for signing in; it has to be reachable from here: `{}`",
            target.place
        )),
    };
    Status::fault(Code::Unavailable, found.hint(hint))
}

fn broken(error: &(dyn std::error::Error + 'static), target: &Target) -> Status {
    let mut status = fault::broken(error, target, &Heard::default());
    if let Some(fault) = &mut status.fault {
        fault.hint = None;
    }
    status
}

fn too_large(target: &Target) -> Status {
    let limit = flyte_text::size(u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX));
    let text = format!("`{}` answers with more than {limit}", target.place);
    Status::fault(Code::ResourceExhausted, TransportError::new(TransportErrorKind::TooLarge, text))
}
