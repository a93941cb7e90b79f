//! The headers of an upload: the file's own, and those that the server asks for.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Fingerprint, TransferError};
use crate::proto::service::CreateUploadLocationResponse;

use data_encoding::BASE64;

/// What belongs to one connection and its framing (RFC 9110, 7.6.1 and 8.6; RFC 9112, 6), which the server
/// cannot know.
///
/// FlyteAdmin 1.16 sends a `Content-Length` that is the length of the MD5's base64: taken over, it would cut
/// each file to 24 bytes.
const FRAMING: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn is_framing(name: &HeaderName) -> bool {
    FRAMING.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

/// The headers to send with a file.
pub(super) fn of_upload(
    fingerprint: &Fingerprint,
    location: &CreateUploadLocationResponse,
) -> Result<HeaderMap, TransferError> {
    let mut headers = HeaderMap::new();
    let md5 = HeaderValue::from_str(&BASE64.encode(&fingerprint.md5));
    headers.extend(md5.ok().map(|md5| (HeaderName::from_static("content-md5"), md5)));
    // Azure asks for it, and Flyte does not say so.
    if ["abfs://", "abfss://"].iter().any(|scheme| location.native_url.starts_with(scheme)) {
        headers.insert("x-ms-blob-type", HeaderValue::from_static("BlockBlob"));
    }
    for (name, value) in &location.headers {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), _) if is_framing(&name) => {}
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            _ => return Err(TransferError::Header { name: name.clone() }),
        }
    }
    headers.insert(header::CONTENT_LENGTH, fingerprint.length.into());
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_connection_are_not_taken_over() {
        let asked = [
            ("Content-Length", "24"),
            ("TRANSFER-ENCODING", "chunked"),
            ("host", "elsewhere"),
            ("Connection", "close"),
            ("Keep-Alive", "timeout=1"),
            ("Proxy-Connection", "close"),
            ("Proxy-Authorization", "Basic x"),
            ("TE", "trailers"),
            ("Trailer", "x"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "x"),
            ("Expect", "100-continue"),
            ("Content-MD5", "theirs"),
            ("Content-Type", "text/plain"),
            ("x-amz-meta-flyteContentMD5", "abc"),
        ];
        let location = CreateUploadLocationResponse {
            native_url: "s3://b/x".to_owned(),
            headers: asked.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..Default::default()
        };
        let headers = of_upload(&Fingerprint { length: 7, md5: [0; 16] }, &location).unwrap();
        let mut sent: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        sent.sort();
        assert_eq!(
            sent,
            [
                "content-length: 7",
                "content-md5: theirs",
                "content-type: text/plain",
                "x-amz-meta-flytecontentmd5: abc"
            ]
        );
    }

    #[test]
    fn a_header_that_http_cannot_carry_is_an_error() {
        let location = CreateUploadLocationResponse {
            headers: [("a b".to_owned(), "c".to_owned())].into(),
            ..Default::default()
        };
        let error = of_upload(&Fingerprint { length: 7, md5: [0; 16] }, &location).unwrap_err();
        assert!(matches!(error, TransferError::Header { name } if name == "a b"));
    }
}
