//! A proxy's tunnel: what it is asked (`CONNECT`), and what is said when it leads nowhere.

use std::{fmt, io};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flyte_text::Redactor;
use http::{HeaderMap, Uri, uri::Scheme};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    page,
    proxy::{Proxy, ProxyAddress},
};

/// The longest head of an answer to CONNECT that is read.
const LONGEST_HEAD: usize = 16 * 1024;
/// The longest status line that is quoted, in characters.
const LONGEST_LINE: usize = 160;
/// As much of the page that follows is read, for its title.
const LONGEST_PAGE: u64 = 2048;

/// A proxy as people know it: "proxy `proxy.example:3128` (variable `HTTPS_PROXY`)".
#[derive(Clone, Debug)]
pub(crate) struct ProxyName {
    address: String,
    /// Where it is set.
    pub(crate) origin: String,
}

impl ProxyName {
    pub(super) fn new(proxy: &Proxy, address: &ProxyAddress) -> Self {
        Self { address: address.to_string(), origin: proxy.origin.clone() }
    }
}

impl fmt::Display for ProxyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy `{}`", self.address)
    }
}

/// A proxy that does not lead to a server.
#[derive(Debug)]
pub(crate) struct ProxyError {
    pub(crate) proxy: ProxyName,
    /// `host:port` of the server.
    pub(crate) target: String,
    pub(crate) problem: ProxyProblem,
}

/// Why a proxy does not lead to a server.
#[derive(Debug)]
pub(crate) enum ProxyProblem {
    /// It ended the connection, or it broke, before there was an answer to CONNECT.
    Closed,
    /// Its answer is not one of HTTP.
    NotHttp,
    /// It answered something else than yes.
    Refused(Refusal),
    /// It is spoken to in another way than `http://`: its scheme.
    Scheme(String),
    /// Not connected to it.
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
    /// It accepts CONNECT, and then sends a page: a web server.
    WebPage(Refusal),
}

/// What a proxy answers.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    /// The status, such as 407.
    pub(crate) code: u16,
    /// The first line without the version: `403 Forbidden`.
    pub(crate) line: String,
    /// The title of its page or the first line of its text.
    pub(crate) says: Option<String>,
    /// The schemes of authentication that it takes: `Basic`, `NTLM`.
    pub(crate) schemes: Vec<String>,
    /// Whether a user name and a password were sent.
    pub(crate) sent_credentials: bool,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, target, problem } = self;
        match problem {
            ProxyProblem::Closed => write!(f, "{proxy} closed the connection without an answer to CONNECT"),
            ProxyProblem::NotHttp => write!(f, "{proxy} did not answer in HTTP"),
            ProxyProblem::Refused(refusal) => match refusal.code {
                407 if refusal.sent_credentials => {
                    write!(f, "{proxy} did not accept the user name and password of {}", proxy.origin)
                }
                407 => write!(f, "{proxy} requires authentication"),
                500.. => write!(f, "{proxy} could not connect to `{target}`"),
                _ => write!(f, "{proxy} refused to connect to `{target}`"),
            },
            ProxyProblem::Scheme(scheme) => write!(f, "{proxy} has the unsupported scheme `{scheme}://`"),
            ProxyProblem::Unreachable(_) => write!(f, "could not reach {proxy}"),
            ProxyProblem::WebPage(_) => write!(f, "{proxy} answered CONNECT with a web page"),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            ProxyProblem::Unreachable(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl ProxyError {
    /// What the user can do.
    pub(crate) fn hint(&self) -> String {
        let Self { proxy: ProxyName { origin, .. }, target, problem } = self;
        let host = target.rsplit_once(':').map_or(target.as_str(), |(host, _)| host);
        match problem {
            ProxyProblem::Refused(Refusal { code: 407, schemes, sent_credentials, .. }) => {
                match schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("Basic")) || schemes.is_empty()
                {
                    true if *sent_credentials => format!(
                        "check them in {origin}; write special characters percent-encoded (`@` as `%40`)"
                    ),
                    true => format!(
                        "write user name and password into {origin}: `http://user:password@host:port`"
                    ),
                    false => {
                        "run a local proxy such as px or cntlm in front of it; only `Basic` is supported"
                            .to_owned()
                    }
                }
            }
            ProxyProblem::Scheme(scheme) => format!(
                "set {origin} to a proxy that is reached by `http://`{}",
                if scheme.starts_with("socks") { "; SOCKS is not supported" } else { "" }
            ),
            ProxyProblem::Closed | ProxyProblem::NotHttp | ProxyProblem::WebPage(_) => {
                format!("check that {origin} names an HTTP proxy, with its port")
            }
            _ => format!("check {origin}, or add `{host}` to `NO_PROXY` to connect without a proxy"),
        }
    }

    /// What the proxy itself says.
    pub(crate) fn causes(&self) -> Vec<String> {
        let (ProxyProblem::Refused(refusal) | ProxyProblem::WebPage(refusal)) = &self.problem else {
            return Vec::new();
        };
        let schemes = (refusal.code == 407 && !refusal.schemes.is_empty())
            .then(|| format!("it takes {}", refusal.schemes.join(", ")));
        let said = refusal.says.as_ref().map(|says| format!("it says: {says}"));
        [Some(format!("it answered: {}", refusal.line)), schemes, said].into_iter().flatten().collect()
    }
}

/// Asks a proxy to lead on to a URL's host.
pub(super) async fn open(
    stream: &mut TcpStream,
    target: &Uri,
    proxy: &ProxyAddress,
) -> Result<(), ProxyProblem> {
    let closed = |_: io::Error| ProxyProblem::Closed;
    stream.write_all(&request(target, proxy)).await.map_err(closed)?;
    let head = read_head(stream).await?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let redactor = redactor_for(proxy);
    let mut refusal = read_refusal(&head, &redactor).ok_or(ProxyProblem::NotHttp)?;
    refusal.sent_credentials = proxy.authorization().is_some();
    let headers = headers(&head);
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_accepted = (200..300).contains(&refusal.code);
    if is_accepted && !page::is_html(kind) {
        return Ok(());
    }
    refusal.schemes = schemes(&headers);
    refusal.says = read_page(stream, kind, &headers, &redactor).await;
    Err(if is_accepted { ProxyProblem::WebPage(refusal) } else { ProxyProblem::Refused(refusal) })
}

/// `host:port` of a URL.
pub(super) fn host_and_port(uri: &Uri) -> String {
    let standard = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(standard))
}

fn request(target: &Uri, proxy: &ProxyAddress) -> Vec<u8> {
    let place = host_and_port(target);
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Byte by byte: what follows the empty line is already the server's.
async fn read_head(stream: &mut TcpStream) -> Result<Vec<u8>, ProxyProblem> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Err(ProxyProblem::Closed),
        }
        let known = head.len().min(BEGINNING.len());
        if head[..known] != BEGINNING[..known] || head.len() > LONGEST_HEAD {
            return Err(ProxyProblem::NotHttp);
        }
    }
    Ok(head)
}

/// Redacts the credentials for a proxy, which it may repeat.
fn redactor_for(proxy: &ProxyAddress) -> Redactor {
    let value = proxy.authorization().and_then(|value| value.to_str().ok());
    let Some((_, encoded)) = value.and_then(|value| value.split_once(' ')) else {
        return Redactor::default();
    };
    let pair = BASE64_STANDARD.decode(encoded).unwrap_or_default();
    let pair = String::from_utf8_lossy(&pair);
    let password = pair.split_once(':').map_or("", |(_, password)| password);
    Redactor::new([encoded, &pair, password].map(str::to_owned))
}

fn read_refusal(head: &str, redactor: &Redactor) -> Option<Refusal> {
    let (_, line) = head.lines().next()?.split_once(' ')?;
    let line: String = line.trim().chars().filter(|letter| !letter.is_control()).collect();
    let line = redactor.excerpt(&line, LONGEST_LINE);
    let code = line.split(' ').next()?.parse().ok()?;
    Some(Refusal { code, line, ..Refusal::default() })
}

fn headers(head: &str) -> HeaderMap {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let fields = fields.filter_map(|(name, value)| {
        Some((name.trim().parse::<http::HeaderName>().ok()?, value.trim().parse().ok()?))
    });
    // Not `collect`, which keeps the last field of a name only.
    fields.fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

fn schemes(headers: &HeaderMap) -> Vec<String> {
    let challenges = headers.get_all(http::header::PROXY_AUTHENTICATE).iter();
    let schemes = challenges.filter_map(|value| value.to_str().ok()?.split([' ', ',']).next());
    schemes.map(str::to_owned).collect()
}

/// What the page of an answer says, as far as it comes with it.
async fn read_page(
    stream: &mut TcpStream,
    kind: Option<&str>,
    headers: &HeaderMap,
    redactor: &Redactor,
) -> Option<String> {
    let length = headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok()?;
    let mut body = Vec::new();
    stream.take(length.min(LONGEST_PAGE)).read_to_end(&mut body).await.ok()?;
    page::quote(kind, &body, redactor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_that_a_proxy_takes_is_read() {
        let headers = headers(
            "HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM, Basic\r\n\
             Proxy-Authenticate: Basic realm=\"a, b\"\r\nno field\r\n\r\n",
        );
        assert_eq!(schemes(&headers), ["Negotiate", "NTLM", "Basic"]);
    }

    #[test]
    fn the_first_line_is_read_without_its_version() {
        let read = |head: &str| read_refusal(head, &Redactor::default());
        let refusal = read("HTTP/1.0 403 For\x1bbidden \r\n\r\n").unwrap();
        assert_eq!((refusal.code, refusal.line.as_str()), (403, "403 Forbidden"));
        assert!(read("HTTP/1.1 yes\r\n").is_none());
        assert!(read("HTTP/1.1\r\n").is_none());
    }

    #[test]
    fn credentials_in_the_first_line_are_redacted_before_the_cut() {
        let proxy = ProxyAddress::parse("http://ada:s3cret-word@proxy:3128").unwrap();
        let redactor = redactor_for(&proxy);
        let start = format!("407 {}", "x".repeat(LONGEST_LINE - 8));
        for secret in ["s3cret-word", "ada:s3cret-word", "YWRhOnMzY3JldC13b3Jk"] {
            let refusal = read_refusal(&format!("HTTP/1.1 {start}{secret}\r\n"), &redactor).unwrap();
            assert_eq!(refusal.line, format!("{start}****"));
        }
    }
}
