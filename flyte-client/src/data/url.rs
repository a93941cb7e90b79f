//! The URLs that a server hands out.

use std::path::PathBuf;

use http::Uri;

use super::{TransferError, local};
use crate::net::fault::{Places, Target};

/// What to do with `file://` URLs, which a server elsewhere must not hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileUrls {
    /// They are this machine's own: those of a sandbox within this process.
    Copy,
    /// They are an error.
    Refuse,
}

/// Where a URL leads.
pub(super) enum Url {
    Http(Uri),
    Local(PathBuf),
}

impl Url {
    pub(super) fn parse(url: &str, files: FileUrls) -> Result<Self, TransferError> {
        if let Some(path) = local::path_of(url) {
            return match files {
                FileUrls::Copy => Ok(Self::Local(path)),
                FileUrls::Refuse => Err(TransferError::FileUrl),
            };
        }
        let url: Uri = encoded(url).parse().map_err(|_| TransferError::Url)?;
        match (url.scheme_str(), url.host()) {
            (Some("http" | "https"), Some(_)) => Ok(Self::Http(url)),
            _ => Err(TransferError::Url),
        }
    }
}

/// A URL with what must not stand in one written as `%XX`: servers have been seen to sign names as they are.
/// What is allowed stays as it is, above all `%` and `+`, since a signature covers each byte.
fn encoded(url: &str) -> String {
    url.bytes().fold(String::with_capacity(url.len()), |mut encoded, byte| {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// `host:port` of a URL.
pub(super) fn target(url: &Uri) -> Target {
    let tls = url.scheme_str() == Some("https");
    let host = url.host().unwrap_or_default().to_owned();
    let place = format!("{host}:{}", url.port_u16().unwrap_or(if tls { 443 } else { 80 }));
    Target { place, host, tls, places: Places::default() }
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn only_what_must_not_stand_in_a_url_is_encoded() {
        let signed = "https://s3.example/b/a%20b+c%2Bd~e?X-Amz-Signature=a%2Fb&x=1";
        assert_eq!(encoded(signed), signed);
        assert_eq!(encoded("http://h/ä b|c?q={d}"), "http://h/%C3%A4%20b%7Cc?q=%7Bd%7D");
    }
}
