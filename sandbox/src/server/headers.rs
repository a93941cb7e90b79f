//! The largest header list that a client accepts, from the first frame of its connection (RFC 9113, 6.5.2).
//!
//! hyper does not expose it, so the bytes are peeked at before hyper reads them. grpc-go resets a stream
//! whose headers are larger; here texts are shortened, so that a part of them arrives.

use std::time::Duration;

use tokio::{net::TcpStream, time::sleep};

/// The limit of a client that announced none: the smallest of the known gRPC clients.
const UNKNOWN: usize = 8 * 1024;
/// The largest header list that is accepted and sent, in bytes; as in grpc-go.
pub(super) const LARGEST: u32 = 16 << 20;

/// The connection preface of HTTP/2 clients.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The size of a frame header: length, type, flags and stream.
const FRAME_HEAD: usize = 9;
/// The type of a SETTINGS frame.
const SETTINGS: u8 = 4;
/// `SETTINGS_MAX_HEADER_LIST_SIZE`.
const MAX_HEADER_LIST_SIZE: u16 = 6;

/// How often, and with which pause, the bytes are peeked at until the settings are among them.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(1);

/// Peeks at the first bytes of a connection, and returns the largest header list that the client accepts.
pub(super) async fn limit(stream: &TcpStream) -> usize {
    let mut first = [0; 512];
    for _ in 0..LOOKS {
        let Ok(length @ 1..) = stream.peek(&mut first).await else { break };
        let first = &first[..length];
        if let Some(limit) = announced(first) {
            return limit;
        }
        if !may_become_http2(first) || length == 512 {
            break;
        }
        // A client may send its preface and its settings one after the other.
        sleep(PAUSE).await;
    }
    UNKNOWN
}

/// Whether bytes are the HTTP/2 preface, or its beginning.
fn may_become_http2(first: &[u8]) -> bool {
    first.starts_with(PREFACE) || PREFACE.starts_with(first)
}

/// The limit in a client's settings, at most ours; `None` if the settings are not complete.
fn announced(first: &[u8]) -> Option<usize> {
    let largest = usize::try_from(LARGEST).ok()?;
    let frame = first.strip_prefix(PREFACE)?;
    let [a, b, c, SETTINGS, ..] = *frame else { return None };
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    let settings = frame.get(FRAME_HEAD..FRAME_HEAD + length)?;
    let mut limits = settings.chunks_exact(6).filter_map(|setting| match *setting {
        [key, key_low, a, b, c, d] if u16::from_be_bytes([key, key_low]) == MAX_HEADER_LIST_SIZE => {
            Some(u32::from_be_bytes([a, b, c, d]))
        }
        _ => None,
    });
    let limit = limits.next_back().and_then(|limit| usize::try_from(limit).ok());
    Some(limit.map_or(largest, |limit| limit.min(largest)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn first(settings: &[(u16, u32)]) -> Vec<u8> {
        let mut bytes = PREFACE.to_vec();
        bytes.extend(u32::try_from(settings.len() * 6).unwrap().to_be_bytes()[1..].iter());
        bytes.extend([SETTINGS, 0, 0, 0, 0, 0]);
        for (key, value) in settings {
            bytes.extend(key.to_be_bytes());
            bytes.extend(value.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn settings_are_read() {
        assert_eq!(announced(&first(&[(2, 0), (6, 16_384), (4, 65_535)])), Some(16_384));
        assert_eq!(announced(&first(&[(6, 1 << 30)])), Some(16 << 20));
        assert_eq!(announced(&first(&[])), Some(16 << 20), "the limit is the maximum");
    }

    #[tokio::test]
    async fn settings_that_come_later_are_waited_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let bytes = first(&[(6, 12_345)]);
        let (preface, settings) = bytes.split_at(PREFACE.len());
        client.write_all(preface).await.unwrap();
        let later = async {
            server.readable().await.unwrap();
            client.write_all(settings).await.unwrap();
        };
        let (limit, ()) = tokio::join!(limit(&server), later);
        assert_eq!(limit, 12_345);
        client.write_all(b"more").await.unwrap();
        let mut whole = vec![0; bytes.len()];
        let mut server = server;
        server.read_exact(&mut whole).await.unwrap();
        assert_eq!(whole, bytes, "nothing was taken away");
    }

    #[test]
    fn unknown_headers_are_ignored() {
        let whole = first(&[(6, 16_384)]);
        for length in 0..whole.len() {
            assert_eq!(announced(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(announced(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"), None);
    }
}
