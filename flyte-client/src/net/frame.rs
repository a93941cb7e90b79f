//! gRPC on top of HTTP/2, as far as a unary call needs it (`grpc/doc/PROTOCOL-HTTP2.md`).

use percent_encoding::percent_decode;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use data_encoding::{BASE64, BASE64_NOPAD};
use http::HeaderMap;

use crate::transport::{Code, Metadata, Status};

/// A flag and a length before each message.
pub(crate) const PREFIX: usize = 5;

/// Why a body is not a gRPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// Compressed, though no compression was requested.
    Compressed,
    /// Shorter or longer than it says.
    Length,
}

/// A message as a body.
pub(crate) fn wrap(message: &[u8]) -> Option<Bytes> {
    let length = u32::try_from(message.len()).ok()?;
    let mut body = BytesMut::with_capacity(PREFIX + message.len());
    body.put_u8(0);
    body.put_u32(length);
    body.put_slice(message);
    Some(body.freeze())
}

/// The length that a body announces, once its prefix is there.
pub(crate) fn announced(body: &[u8]) -> Option<u32> {
    let [_, a, b, c, d, ..] = *body else { return None };
    Some(u32::from_be_bytes([a, b, c, d]))
}

/// The message of a whole body.
pub(crate) fn unwrap(mut body: Bytes) -> Result<Bytes, FrameError> {
    let length = announced(&body).ok_or(FrameError::Length)?;
    if body[0] != 0 {
        return Err(FrameError::Compressed);
    }
    let message = body.split_off(PREFIX);
    if u32::try_from(message.len()) == Ok(length) { Ok(message) } else { Err(FrameError::Length) }
}

/// The value of `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn timeout(timeout: Duration) -> String {
    const MOST: u128 = 99_999_999;
    match timeout.as_millis() {
        milliseconds if milliseconds <= MOST => format!("{milliseconds}m"),
        milliseconds => format!("{}S", (milliseconds / 1000).min(MOST)),
    }
}

/// What headers or trailers say of the call; `None` if nothing.
pub(crate) fn status(headers: &HeaderMap) -> Option<Status> {
    let number = headers.get("grpc-status")?.to_str().ok().and_then(|text| text.parse().ok());
    let message = headers
        .get("grpc-message")
        .map(|text| percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned());
    let details = headers.get("grpc-status-details-bin").and_then(|text| {
        let text = text.as_bytes();
        BASE64_NOPAD.decode(text).or_else(|_| BASE64.decode(text)).ok()
    });
    let mut status =
        Status::new(number.map_or(Code::Unknown, Code::from_number), message.unwrap_or_default());
    status.details = details.unwrap_or_default().into();
    status.metadata = metadata(headers);
    Some(status)
}

/// The headers that are text, without those of the protocol itself.
pub(crate) fn metadata(headers: &HeaderMap) -> Metadata {
    const PROTOCOL: [&str; 4] = ["content-type", "grpc-message", "grpc-status", "grpc-status-details-bin"];
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter(|(name, _)| !PROTOCOL.contains(&name.as_str())).filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let body = wrap(b"abc").unwrap();
        assert_eq!(&body[..], b"\0\0\0\0\x03abc");
        assert_eq!(unwrap(body).unwrap(), "abc");
        assert_eq!(unwrap(wrap(b"").unwrap()).unwrap(), "");
    }

    #[test]
    fn broken_bodies_are_refused() {
        for body in ["", "\0\0\0\0", "\0\0\0\0\x02a", "\0\0\0\0\x01ab"] {
            assert_eq!(unwrap(Bytes::from_static(body.as_bytes())), Err(FrameError::Length), "{body:?}");
        }
        assert_eq!(unwrap(Bytes::from_static(b"\x01\0\0\0\x01a")), Err(FrameError::Compressed));
    }

    #[test]
    fn timeouts_have_eight_digits_at_most() {
        assert_eq!(timeout(Duration::from_millis(1500)), "1500m");
        assert_eq!(timeout(Duration::from_secs(100_000)), "100000S");
        assert_eq!(timeout(Duration::MAX), "99999999S");
    }

    fn status_of(headers: &[(&'static str, &str)]) -> Option<Status> {
        let header = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        status(&headers.iter().map(header).collect())
    }

    #[test]
    fn a_status_is_read() {
        let read =
            status_of(&[("grpc-status", "5"), ("grpc-message", "50%25 %C3%BC %zz %"), ("x-a", "b")]).unwrap();
        assert_eq!((read.code, read.message.as_str()), (Code::NotFound, "50% ü %zz %"));
        assert_eq!(read.metadata, [("x-a".to_owned(), "b".to_owned())]);
        assert_eq!(status_of(&[("x-a", "b")]), None);
        assert_eq!(status_of(&[("grpc-status", "99")]).unwrap().code, Code::Unknown);
    }

    #[test]
    fn details_may_be_padded_or_broken() {
        for (text, bytes) in [("AQI", &[1, 2][..]), ("AQI=", &[1, 2]), ("?", &[])] {
            let read = status_of(&[("grpc-status", "3"), ("grpc-status-details-bin", text)]).unwrap();
            assert_eq!(read.details, bytes);
        }
    }
}
