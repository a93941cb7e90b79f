//! gRPC over HTTP/2 (`grpc/doc/PROTOCOL-HTTP2.md`): one message in, one message or a status out.

use std::{io::Read as _, sync::Arc};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use data_encoding::BASE64_NOPAD;
use flate2::read::MultiGzDecoder;
use flyte_client::{Code, Status};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use prost::Message;

use super::response::{Body, full, plain};
use crate::Sandbox;

/// The prefix of a message: a compression flag and the length.
const PREFIX: usize = 5;

/// The limits in bytes of the text and the details of a status, by the size of the headers. In a header a
/// byte of text takes up to three, and details a third more.
#[derive(Clone, Copy)]
struct Longest {
    text: usize,
    details: usize,
}

impl Longest {
    /// The limits for any gRPC client.
    const EVERYWHERE: Self = Self { text: 5 * 1024, details: 8 * 1024 };

    fn within(headers: usize) -> Self {
        let Self { text, details } = Self::EVERYWHERE;
        Self { text: text.max(headers / 8), details: details.max(headers / 3) }
    }
}

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// `grpc.health.v1.HealthCheckRequest`.
#[derive(Clone, PartialEq, Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

/// `grpc.health.v1.HealthCheckResponse`.
#[derive(Clone, PartialEq, Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `SERVING`.
const SERVING: i32 = 1;

/// The limits of one call, in bytes.
#[derive(Clone, Copy)]
pub(super) struct CallLimits {
    /// The largest message that is read.
    pub(super) message: usize,
    /// The largest header list that the client accepts.
    pub(super) headers: usize,
}

pub(super) async fn answer(
    sandbox: &Arc<Sandbox>,
    request: Request<Incoming>,
    limits: CallLimits,
) -> Response<Body> {
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "gRPC calls are POST\n");
    }
    let path = request.uri().path().to_owned();
    let encoding = Encoding::from_headers(request.headers());
    let answered = match message(request.into_body(), encoding, limits.message).await {
        Ok(message) => {
            let sandbox = Arc::clone(sandbox);
            // The store does blocking I/O.
            let work = tokio::task::spawn_blocking(move || match path.as_str() {
                HEALTH_CHECK => health(&message),
                path => sandbox.answer(path, &message),
            });
            work.await
                .unwrap_or_else(|_| Err(Status::new(Code::Internal, "the sandbox panicked; see its log")))
        }
        Err(status) => Err(status),
    };
    match answered {
        Ok(message) => response(Some(message), trailers(None, Longest::EVERYWHERE)),
        Err(status) => response(None, trailers(Some(&status), Longest::within(limits.headers))),
    }
}

/// Reads the message of a unary call.
async fn message(body: Incoming, encoding: Encoding, largest: usize) -> Result<Bytes, Status> {
    let body = Limited::new(body, largest.saturating_add(PREFIX)).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            too_large(&format!("more than {largest}"), largest)
        } else {
            Status::new(Code::Cancelled, format!("the request ended early: {error}"))
        }
    })?;
    let mut bytes = body.to_bytes();
    if bytes.len() < PREFIX {
        return Err(Status::new(Code::Internal, "the request has no gRPC message"));
    }
    let is_compressed = bytes.get_u8() != 0;
    let length = usize::try_from(bytes.get_u32()).unwrap_or(usize::MAX);
    if length > largest {
        return Err(too_large(&length.to_string(), largest));
    }
    if bytes.len() != length {
        return Err(Status::new(Code::Internal, "the request is not one gRPC message"));
    }
    match encoding {
        _ if !is_compressed => Ok(bytes),
        Encoding::Gzip => decompress(&bytes, largest),
        Encoding::Other(name) => Err(Status::new(
            Code::Unimplemented,
            format!("grpc: Decompressor is not installed for grpc-encoding \"{name}\""),
        )),
    }
}

/// How a client compresses messages.
enum Encoding {
    Gzip,
    Other(String),
}

impl Encoding {
    fn from_headers(headers: &HeaderMap) -> Self {
        match headers.get("grpc-encoding").map(HeaderValue::as_bytes) {
            Some(b"gzip") => Self::Gzip,
            other => Self::Other(String::from_utf8_lossy(other.unwrap_or_default()).into_owned()),
        }
    }
}

fn decompress(bytes: &[u8], largest: usize) -> Result<Bytes, Status> {
    let mut message = Vec::new();
    let limit = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut message).map_err(|error| {
        Status::new(Code::Internal, format!("grpc: failed to decompress the received message: {error}"))
    })?;
    if message.len() > largest {
        return Err(too_large(&format!("more than {largest}"), largest));
    }
    Ok(message.into())
}

fn too_large(length: &str, largest: usize) -> Status {
    Status::new(
        Code::ResourceExhausted,
        format!("grpc: received message larger than max ({length} vs. {largest})"),
    )
}

fn health(message: &[u8]) -> Result<Vec<u8>, Status> {
    flyte_client::transport::serve(message, |request: HealthCheckRequest| match request.service.as_str() {
        "" | "flyteadmin" => Ok(HealthCheckResponse { status: SERVING }),
        _ => Err(Status::new(Code::NotFound, "unknown service")),
    })
}

/// A message and its trailers, or trailers only.
fn response(message: Option<Vec<u8>>, trailers: HeaderMap) -> Response<Body> {
    let mut response = match message {
        Some(message) => {
            let mut framed = BytesMut::with_capacity(PREFIX + message.len());
            framed.put_u8(0);
            framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
            framed.put_slice(&message);
            let frames = [Ok(Frame::data(framed.freeze())), Ok(Frame::trailers(trailers))];
            Response::new(BodyExt::boxed_unsync(StreamBody::new(futures_util::stream::iter(frames))))
        }
        None => {
            let mut response = Response::new(full(Bytes::new()));
            *response.headers_mut() = trailers;
            response
        }
    };
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

fn trailers(status: Option<&Status>, longest: Longest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let number = status.map_or(0, |status| status.code.number());
    headers.insert("grpc-status", HeaderValue::from(number));
    if let Some(status) = status {
        let end = status.message.floor_char_boundary(longest.text);
        if let Ok(text) = HeaderValue::from_str(&percent(&status.message[..end])) {
            headers.insert("grpc-message", text);
        }
        if !status.details.is_empty()
            && status.details.len() <= longest.details
            && let Ok(details) = HeaderValue::from_str(&BASE64_NOPAD.encode(&status.details))
        {
            headers.insert("grpc-status-details-bin", details);
        }
    }
    headers
}

/// Percent-encodes a text, except for printable ASCII other than `%`.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_travel_in_a_header() {
        assert_eq!(percent("100 % ü\n"), "100 %25 %C3%BC%0A");
        let status = Status::new(Code::InvalidArgument, "ü".repeat(1_000_000));
        let text = |headers| {
            let trailers = trailers(Some(&status), Longest::within(headers));
            trailers.get("grpc-message").unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(text(8 * 1024), "%C3%BC".repeat(Longest::EVERYWHERE.text / 2));
        assert_eq!(text(16 << 20), "%C3%BC".repeat(1_000_000));
    }
}
