//! Flyte over the network: gRPC, one shared HTTP/2 connection, made when the first call needs it.
//!
//! Flyte has unary calls only, whose framing is five bytes (`net::frame`); HTTP/2 is hyper's. So every
//! failure is still a typed error when it is put into words (`net::fault`).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flyte_text::Redactor;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        self,
        connect::{CaptureConnection, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    config::Connection,
    net::{
        Connector, Network, TrustError,
        connector::Heard,
        fault::{self, Target},
        flyte2,
        frame::{self, FrameError},
    },
    transport::{
        Call, CallResponse, Code, Metadata, Reply, Status, Transport, TransportError, TransportErrorKind,
    },
};

/// What a [`Grpc`] is like, beside where it leads.
#[derive(Clone, Debug)]
pub struct GrpcOptions {
    /// The largest answer that is taken, in bytes.
    pub largest_answer: usize,
    /// Who says to be calling.
    pub user_agent: String,
}

impl Default for GrpcOptions {
    /// As much as grpc-go, and so FlyteAdmin, sends: 2 GiB. What a server takes is its own matter, 4 MiB
    /// unless its operator raised it (`server.grpc.maxMessageSizeBytes`).
    fn default() -> Self {
        Self {
            largest_answer: i32::MAX.unsigned_abs().try_into().unwrap_or(usize::MAX),
            user_agent: concat!("flyte-host/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Between pings on a silent connection, so that load balancers do not forget it and a dead one is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a ping may stay without an answer.
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(10);
/// The largest header list that is taken, in bytes: as in grpc-go. A refusal is one, and that of a workflow
/// with another structure holds all that differs, twice; FlyteAdmin resets the stream when less is taken.
pub const LONGEST_HEADERS: u32 = 16 << 20;
/// What is read of an answer that is not gRPC.
const LONGEST_PAGE: usize = 64 * 1024;
/// Headers that belong to the protocol, not to callers.
const RESERVED: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
];

/// A Flyte that is reached over the network.
pub struct Grpc {
    client: legacy::Client<Connector, Full<Bytes>>,
    connector: Connector,
    base: String,
    target: Target,
    flyte2: flyte2::Probe,
    options: GrpcOptions,
}

impl Grpc {
    /// A Flyte at a connection's endpoint. Nothing is opened before the first call.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn new(connection: &Connection, network: &Network, options: GrpcOptions) -> Result<Self, TrustError> {
        let endpoint = &connection.endpoint.value;
        let tls = !connection.insecure.value;
        let place = endpoint.authority(!tls);
        let connector = network.flyte()?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .http2_only(true)
            .timer(TokioTimer::new())
            .http2_adaptive_window(true)
            .http2_max_header_list_size(LONGEST_HEADERS)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE_ANSWER)
            .http2_keep_alive_while_idle(true)
            .build(connector.clone());
        let base = format!("{}://{place}", if tls { "https" } else { "http" });
        Ok(Self {
            client,
            connector,
            flyte2: flyte2::Probe::new(network, &base),
            base,
            target: Target { place, host: endpoint.host().to_owned(), tls, places: network.places() },
            options,
        })
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, Status> {
        let unsendable = |text: String| {
            Status::fault(Code::Internal, TransportError::new(TransportErrorKind::Transport, text))
        };
        let body = frame::wrap(&call.message)
            .ok_or_else(|| unsendable("a request of more than 4 GiB cannot be sent".to_owned()))?;
        let mut request = Request::post(format!("{}{}", self.base, call.path))
            .header(header::TE, "trailers")
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::USER_AGENT, &self.options.user_agent)
            .body(Full::new(body))
            .map_err(|error| unsendable(format!("`{}` cannot be called: {error}", call.path)))?;
        let headers = request.headers_mut();
        if let Some(timeout) = call.timeout
            && let Ok(value) = frame::timeout(timeout).parse()
        {
            headers.insert("grpc-timeout", value);
        }
        for (name, value) in &call.metadata {
            let parsed = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
            let (Ok(key), Ok(mut value)) = parsed else {
                return Err(unsendable(format!("header `{name}` is none that HTTP can carry")));
            };
            if !RESERVED.contains(&key) && !name.starts_with("grpc-") {
                value.set_sensitive(true);
                headers.append(key, value);
            }
        }
        Ok(request)
    }

    async fn answer(&self, call: Call) -> Result<CallResponse, Status> {
        let mut request = self.request(&call)?;
        let captured = capture_connection(&mut request);
        let heard = || heard_on(&captured).unwrap_or_else(|| self.connector.newest());
        let exchange = async {
            let response = self.client.request(request).await;
            let lost = |error| fault::of_request(&error, &self.target, &heard());
            self.read(response.map_err(lost)?, &call.metadata, &heard).await
        };
        let late =
            |timeout| Err(fault::deadline_of_call(&self.target, timeout, heard_on(&captured).as_ref()));
        let answer = match call.timeout {
            Some(timeout) => tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| late(timeout)),
            None => exchange.await,
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(status) => {
                let status = self.flyte2.explain(status, &self.target).await;
                Err(self.explain(status, &call.path))
            }
        }
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        sent: &Metadata,
        heard: &(dyn Fn() -> Heard + Sync),
    ) -> Result<CallResponse, Status> {
        let (head, mut body) = response.into_parts();
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let said_at_once = frame::status(&head.headers);
        if said_at_once.is_none() && !kind.is_some_and(|kind| kind.starts_with("application/grpc")) {
            let page = Limited::new(body, LONGEST_PAGE).collect().await;
            let page = page.map(|page| page.to_bytes()).unwrap_or_default();
            return Err(fault::not_grpc(&self.target, head.status, kind, &page, &redactor_for(sent)));
        }
        let mut message = BytesMut::new();
        let mut said = said_at_once;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| fault::broken(&error, &self.target, &heard()))?;
            match frame.into_data() {
                Ok(data) => {
                    message.extend_from_slice(&data);
                    self.check_size(&message)?;
                }
                Err(other) => said = other.trailers_ref().and_then(frame::status).or(said),
            }
        }
        let said = said.ok_or_else(|| self.unreadable("it ended without a status"))?;
        if said.code != Code::Ok {
            return Err(said);
        }
        let message = frame::unwrap(message.freeze()).map_err(|error| {
            self.unreadable(match error {
                FrameError::Compressed => "the response is compressed, though no compression was requested",
                FrameError::Length => "its length is not the one that it announces",
            })
        })?;
        let mut metadata: Metadata = frame::metadata(&head.headers);
        metadata.extend(said.metadata);
        Ok(CallResponse { metadata, message })
    }

    fn check_size(&self, body: &[u8]) -> Result<(), Status> {
        let limit = self.options.largest_answer;
        let announced = frame::announced(body).and_then(|length| usize::try_from(length).ok());
        let Some(length) = announced.filter(|length| *length > limit) else { return Ok(()) };
        let shown = |size: usize| flyte_text::size(u64::try_from(size).unwrap_or(u64::MAX));
        let text = format!(
            "`{}` answers with {}, and at most {} are taken",
            self.target.place,
            shown(length),
            shown(limit)
        );
        let fault = TransportError::new(TransportErrorKind::TooLarge, text);
        let hint = "ask for less, such as with a filter or a limit".to_owned();
        Err(Status::fault(Code::ResourceExhausted, fault.hint(hint)))
    }

    fn unreadable(&self, why: &str) -> Status {
        let text = format!("malformed gRPC response from `{}`", self.target.place);
        let fault = TransportError::new(TransportErrorKind::Protocol, text).caused_by(vec![why.to_owned()]);
        Status::fault(Code::Internal, fault)
    }

    /// A server that is older than its client says no more than that it does not know a method.
    fn explain(&self, mut status: Status, path: &str) -> Status {
        if status.code == Code::Unimplemented && status.fault.is_none() {
            let method = path.rsplit('/').next().unwrap_or(path);
            status.message = format!(
                "the server at `{}` does not know `{method}`; it is older than this command needs",
                self.target.place
            );
        }
        status
    }
}

/// The least length of a header's value that counts as a secret, in bytes.
const SHORTEST_SECRET: usize = 8;

/// Redacts what a call sent: any header may be secret, with or without a scheme such as `Bearer`.
fn redactor_for(sent: &Metadata) -> Redactor {
    let values =
        sent.iter().flat_map(|(_, value)| [Some(value.as_str()), value.split_once(' ').map(|pair| pair.1)]);
    let secrets = values.flatten().filter(|value| value.len() >= SHORTEST_SECRET);
    Redactor::new(secrets.map(str::to_owned))
}

/// What was heard on the connection that a call was given; `None` if it was not given any.
fn heard_on(captured: &CaptureConnection) -> Option<Heard> {
    let mut extras = http::Extensions::new();
    captured.connection_metadata().as_ref()?.get_extras(&mut extras);
    extras.remove::<Heard>()
}

impl Transport for Grpc {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(self.answer(call))
    }
}
