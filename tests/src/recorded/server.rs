//! gRPC over HTTP/2 in plain text, as far as unary calls need it.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, thread};

use bytes::{BufMut as _, Bytes, BytesMut};
use data_encoding::BASE64_NOPAD;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::WithTrailers};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use super::{
    answer::{RecordedAnswer, code},
    messages,
};

type Answers = Box<dyn Fn(&str, &Value) -> Option<RecordedAnswer> + Send + Sync>;
type Body = WithTrailers<Full<Bytes>, std::future::Ready<Option<Result<HeaderMap, Infallible>>>>;

/// FlyteAdmin's own limit is that of grpc-go.
const LONGEST_HEADERS: u32 = 16 << 20;

const SERVICES: [&str; 3] = ["AdminService", "DataProxyService", "SignalService"];

/// A server on a thread of its own.
pub(super) struct Server {
    pub(super) endpoint: String,
    /// Ends the server when it is dropped.
    _end: oneshot::Sender<()>,
}

impl Server {
    pub(super) fn start(answers: Answers) -> Self {
        let (end, ended) = oneshot::channel();
        let (said, heard) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
                let listener = listener.expect("a port of the system's");
                said.send(listener.local_addr().expect("its address")).expect("a test that waits for it");
                tokio::select! {
                    _ = ended => {}
                    () = accept(listener, Arc::new(answers)) => {}
                }
            });
        });
        let address = heard.recv().expect("a server that listens");
        Self { endpoint: address.to_string(), _end: end }
    }
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request| respond(request, Arc::clone(&answers)));
        tokio::spawn(
            http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(LONGEST_HEADERS)
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn respond(request: Request<Incoming>, answers: Arc<Answers>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(response(&path, &answer(&path, &body, &answers)))
}

fn answer(path: &str, body: &[u8], answers: &Answers) -> RecordedAnswer {
    let Some(method) = messages::method(path) else {
        return RecordedAnswer::refusal("UNIMPLEMENTED", format!("unknown method {path}"));
    };
    // Without sign-in FlyteAdmin serves no other (`server.reflection.v1`).
    if !SERVICES.contains(&method.parent_service().name()) {
        let name = method.parent_service().full_name().to_owned();
        return RecordedAnswer::refusal("UNIMPLEMENTED", format!("unknown service {name}"));
    }
    let message = body.get(5..).unwrap_or_default();
    let Some(request) = messages::decode(method.input(), message) else {
        return RecordedAnswer::refusal("INTERNAL", format!("{path}: not a message"));
    };
    let unknown = || RecordedAnswer::refusal("UNKNOWN", format!("not recorded: {} {request}", method.name()));
    answers(method.name(), &request).unwrap_or_else(unknown)
}

fn response(path: &str, answer: &RecordedAnswer) -> Response<Body> {
    let (body, trailers) = match answer {
        RecordedAnswer::Message(json) => {
            let method = messages::method(path).expect("a method that was answered");
            (framed(&messages::encode(method.output(), json)), status(0, "", None))
        }
        RecordedAnswer::Refusal { code: name, message, .. } => {
            (Bytes::new(), status(code(name), message, messages::details(answer)))
        }
    };
    let body = Full::new(body).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

fn framed(message: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(5 + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).expect("less than 4 GiB"));
    body.put_slice(message);
    body.freeze()
}

fn status(code: i32, message: &str, details: Option<Vec<u8>>) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        trailers.insert(name, HeaderValue::try_from(value).expect("ASCII"));
    };
    set("grpc-status", code.to_string());
    if !message.is_empty() {
        set("grpc-message", percent_encoded(message));
    }
    if let Some(details) = details {
        set("grpc-status-details-bin", BASE64_NOPAD.encode(&details));
    }
    trailers
}

/// As grpc-go writes it: all but printable ASCII, and `%`.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
