//! Error messages, causes and hints for calls that got no response.
//!
//! hyper and rustls tell it in errors within errors; here they are taken apart by their types, never by their
//! texts.

mod certificate;
mod target;

use std::{error::Error, io, time::Duration};

use flyte_text::Redactor;
use hyper_util::client::legacy;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use self::certificate::of_certificate;
pub(crate) use self::target::{Places, Target};
use super::{
    connector::{BehindProxy, Heard, TooSlow},
    dial::{DialError, Stage},
    page,
    tunnel::{ProxyName, ProxyProblem},
};
use crate::transport::{Code, HTTP_STATUS, Status, TransportError, TransportErrorKind};

/// Why a request got no answer, from the error and what was heard on its connection.
pub(crate) fn of_request(error: &legacy::Error, target: &Target, heard: &Heard) -> Status {
    if error.is_connect() {
        return Status::fault(Code::Unavailable, of_connect(error, target));
    }
    foreign_protocol(target, heard).unwrap_or_else(|| broken(error, target, heard))
}

/// How long a silence means an unanswered ping: one is sent every 30 s, and waits for 10 s.
const DEAD: Duration = Duration::from_secs(35);

/// The answer began, and did not end.
pub(crate) fn broken(error: &(dyn Error + 'static), target: &Target, heard: &Heard) -> Status {
    let ended = find::<h2::Error>(error).filter(|error| error.is_remote());
    let fault = match (heard.gave_up_after(), ended) {
        (Some(timeout), _) => silent(target, timeout),
        (None, Some(ended)) => ended_by_server(ended, target),
        (None, None) => cut(error, target, heard),
    };
    Status::fault(Code::Unavailable, fault.first_caused_by(heard.proxy().as_ref().map(behind)))
}

/// The server accepted the connection and sent nothing: no HTTP/2 preface, no TLS alert.
fn silent(target: &Target, timeout: Duration) -> TransportError {
    let time = flyte_text::duration(timeout);
    let text = format!("`{}` accepted the connection, but sent nothing within {time}", target.place);
    TransportError::new(TransportErrorKind::Broken, text).hint(accepts_only(&target.places))
}

/// What to look at when a connection is accepted and leads nowhere.
fn accepts_only(places: &Places) -> String {
    format!(
        "check that {} is the address of Flyte's gRPC; a load balancer or a tunnel may accept connections for a server that is gone",
        places.endpoint
    )
}

/// The server ended the call with an HTTP/2 error code.
fn ended_by_server(ended: &h2::Error, target: &Target) -> TransportError {
    let place = &target.place;
    let reason = ended.reason().unwrap_or(h2::Reason::INTERNAL_ERROR);
    let number = u32::from(reason);
    let fault = match reason {
        // By the protocol nothing was done.
        h2::Reason::REFUSED_STREAM => TransportError::new(
            TransportErrorKind::Connect,
            format!("`{place}` takes no calls now (HTTP/2 error {number})"),
        ),
        _ if ended.is_go_away() => TransportError::new(
            TransportErrorKind::Broken,
            format!("`{place}` closed the connection (HTTP/2 error {number})"),
        ),
        _ => TransportError::new(
            TransportErrorKind::Broken,
            format!("`{place}` broke off the call (HTTP/2 error {number})"),
        ),
    };
    fault.caused_by([reason.description().to_owned()])
}

fn cut(error: &(dyn Error + 'static), target: &Target, heard: &Heard) -> TransportError {
    let place = &target.place;
    if let Some(silence) = heard.silence().filter(|silence| *silence >= DEAD) {
        let text = format!(
            "the connection to `{place}` is dead: nothing came for {}",
            flyte_text::duration(silence)
        );
        return TransportError::new(TransportErrorKind::Broken, text);
    }
    let text = format!("the connection to `{place}` broke before the answer was there");
    let cause = find::<io::Error>(error).filter(|error| !is_an_end(error.kind())).map(words_of);
    let fault = TransportError::new(TransportErrorKind::Broken, text).caused_by(cause);
    let hint = match (heard.is_empty(), target.tls) {
        (true, false) => Some(format!(
            "set {} to false if the server expects TLS: it closed the connection without an answer",
            target.places.insecure
        )),
        _ => None,
    };
    fault.hint(hint)
}

/// Whether an error says no more than that the connection ended; which of them it is is up to chance.
fn is_an_end(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof
    )
}

/// The caller did not want to wait any longer.
pub(crate) fn deadline(target: &Target, timeout: Duration) -> Status {
    let text = format!("`{}` did not answer within {}", target.place, flyte_text::duration(timeout));
    Status::fault(Code::DeadlineExceeded, TransportError::new(TransportErrorKind::Deadline, text))
}

/// The same of a call, by what was heard on its connection; `None`: it has none.
pub(crate) fn deadline_of_call(target: &Target, timeout: Duration, heard: Option<&Heard>) -> Status {
    let Some(heard) = heard else {
        return Status::fault(Code::Unavailable, not_accepted(target, timeout));
    };
    let mut status = deadline(target, timeout);
    if heard.is_empty() {
        let fault = TransportError { kind: TransportErrorKind::Deadline, ..silent(target, timeout) };
        return Status::fault(Code::DeadlineExceeded, fault);
    }
    if let Some(fault) = &mut status.fault {
        fault.hint = Some("set `FLYTE_HOST_TIMEOUT`, in seconds, to wait longer for a call".to_owned());
    }
    status
}

fn not_accepted(target: &Target, timeout: Duration) -> TransportError {
    let time = flyte_text::duration(timeout);
    TransportError::new(
        TransportErrorKind::Connect,
        format!("`{}` did not accept a connection within {time}", target.place),
    )
    .hint("a firewall may drop it; or is a proxy needed (`HTTPS_PROXY`)?".to_owned())
}

/// An HTTP answer that is not gRPC.
pub(crate) fn not_grpc(
    target: &Target,
    status: http::StatusCode,
    kind: Option<&str>,
    body: &[u8],
    redactor: &Redactor,
) -> Status {
    let what = if page::is_html(kind) { "a web page" } else { "something that is not gRPC" };
    let text = format!("`{}` answered with {what} (HTTP {})", target.place, with_reason(status));
    let quote = page::quote(kind, body, redactor).map(|quote| format!("it says: {quote}"));
    let fault = TransportError::new(TransportErrorKind::Protocol, text)
        .caused_by(quote.into_iter().collect::<Vec<_>>())
        .hint(format!(
            "check that {} leads to Flyte's gRPC; a proxy, a sign-in page or Flyte's console may be in between",
            target.places.endpoint
        ));
    // A proxy's 407 is nothing that gRPC has a code for.
    let metadata = vec![(HTTP_STATUS.to_owned(), status.as_str().to_owned())];
    Status { metadata, ..Status::fault(code_of(status), fault) }
}

/// `502 Bad Gateway`.
pub(crate) fn with_reason(status: http::StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_str()),
        None => status.as_str().to_owned(),
    }
}

/// gRPC's own mapping (`grpc/doc/http-grpc-status-mapping.md`).
fn code_of(status: http::StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// Recognises who is there from the first bytes: HTTP/1 and TLS have heads that HTTP/2 cannot have.
fn foreign_protocol(target: &Target, connection: &Heard) -> Option<Status> {
    let place = &target.place;
    let heard = connection.bytes();
    let (text, cause, hint) = if heard.starts_with(b"HTTP/1.") {
        let text = String::from_utf8_lossy(&heard);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        // HTTP/1 cannot repeat a header that HTTP/2 compressed.
        let said = page::quote(None, body.as_bytes(), &Redactor::default());
        let said = said.or_else(|| head.lines().next().map(str::to_owned));
        (
            format!("`{place}` speaks HTTP/1, and gRPC needs HTTP/2"),
            said.map(|said| format!("it says: {said}")),
            format!(
                "check that {} has the port of Flyte's gRPC; this may be that of the console or of a proxy",
                target.places.endpoint
            ),
        )
    } else if matches!(heard[..], [0x15, 0x03, ..]) {
        (
            format!("`{place}` speaks TLS, and plain text was sent"),
            None,
            format!("set {} to false", target.places.insecure),
        )
    } else {
        return None;
    };
    let fault = TransportError::new(TransportErrorKind::Protocol, text)
        .caused_by(cause)
        .first_caused_by(connection.proxy().as_ref().map(behind));
    Some(Status::fault(Code::Internal, fault.hint(hint)))
}

/// Why no connection could be established.
pub(crate) fn of_connect(error: &(dyn Error + 'static), target: &Target) -> TransportError {
    let proxy = find::<BehindProxy>(error).map(|error| behind(&error.proxy));
    of_connect_to(error, target).first_caused_by(proxy)
}

/// Says that it may be a proxy that answers, and not the server.
fn behind(proxy: &ProxyName) -> String {
    format!("the connection goes through {proxy}, set by {}", proxy.origin)
}

fn too_slow(TooSlow { timeout, stage }: &TooSlow, target: &Target) -> TransportError {
    let place = &target.place;
    let time = flyte_text::duration(*timeout);
    let connect = |text: String| TransportError::new(TransportErrorKind::Connect, text);
    let check = |proxy: &ProxyName| format!("check {}, and that the proxy runs", proxy.origin);
    match stage {
        Stage::ToServer => not_accepted(target, *timeout),
        Stage::ToProxy(proxy) => {
            connect(format!("{proxy} did not accept a connection within {time}")).hint(check(proxy))
        }
        Stage::AskedProxy(proxy) => {
            connect(format!("{proxy} did not answer CONNECT within {time}")).hint(check(proxy))
        }
        Stage::Accepted(proxy) => connect(format!(
            "`{place}` accepted the connection, but did not answer the TLS handshake within {time}"
        ))
        .caused_by(proxy.as_ref().map(behind))
        .hint(accepts_only(&target.places)),
    }
}

fn of_connect_to(error: &(dyn Error + 'static), target: &Target) -> TransportError {
    let place = &target.place;
    let connect = |text: String| TransportError::new(TransportErrorKind::Connect, text);
    if let Some(error) = find::<DialError>(error) {
        return of_dial(error, target);
    }
    if let Some(error) = find::<TooSlow>(error) {
        return too_slow(error, target);
    }
    if let Some(error) = find::<rustls::Error>(error) {
        return of_tls(error, target);
    }
    let Some(error) = find::<io::Error>(error) else {
        return connect(format!("no connection to `{place}`")).caused_by(innermost(error));
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => connect(format!("nothing listens at `{place}`"))
            .caused_by(vec![words_of(error)])
            .hint(format!("check {}, and that Flyte runs there", target.places.endpoint)),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if target.tls => TransportError::new(
            TransportErrorKind::Tls,
            format!("`{place}` broke off the connection when TLS was to begin"),
        )
        .hint(format!("set {} to true if it speaks plain text", target.places.insecure)),
        _ => connect(format!("no connection to `{place}`")).caused_by(vec![words_of(error)]),
    }
}

/// Whether the connection failed because of the trusted certificates, of this machine's clock or of a proxy:
/// what the user can do about it is the same for every server.
pub(crate) fn is_of_user(error: &(dyn Error + 'static)) -> bool {
    if matches!(find(error), Some(DialError::Proxy(_)))
        || matches!(find(error), Some(TooSlow { stage: Stage::ToProxy(_) | Stage::AskedProxy(_), .. }))
    {
        return true;
    }
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => !matches!(
            reason,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        ),
        _ => false,
    }
}

fn of_dial(error: &DialError, target: &Target) -> TransportError {
    let fault = TransportError::new(TransportErrorKind::Connect, error.to_string());
    match error {
        DialError::Name { source, .. } => fault.caused_by(vec![source.to_string()]).hint(format!(
            "check the spelling of {}, and that this machine is online",
            target.places.endpoint
        )),
        DialError::Proxy(error) => {
            let cause = match &error.problem {
                ProxyProblem::Unreachable(source) => vec![root(source.as_ref())],
                _ => error.causes(),
            };
            fault.caused_by(cause).hint(error.hint())
        }
    }
}

/// The innermost cause, in the system's words where it is the system's.
fn root(error: &(dyn Error + 'static)) -> String {
    match find::<DialError>(error) {
        Some(DialError::Name { source, .. }) => words_of(source),
        _ => find::<io::Error>(error).map_or_else(|| error.to_string(), words_of),
    }
}

fn of_tls(error: &rustls::Error, target: &Target) -> TransportError {
    let Target { place, host, .. } = target;
    let tls = |text: String| TransportError::new(TransportErrorKind::Tls, text);
    match error {
        rustls::Error::InvalidCertificate(reason) => of_certificate(reason, target),
        // What no TLS server can have sent: the first byte does not start a TLS record.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            tls(format!("`{place}` speaks plain text, not TLS"))
                .hint(format!("set {} to true if that is meant", target.places.insecure))
        }
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            tls(format!("`{place}` does not speak HTTP/2, which gRPC needs"))
        }
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            tls(format!("`{place}` has no certificate for `{host}`"))
        }
        _ => tls(format!("no TLS with `{place}`")).caused_by(vec![error.to_string()]),
    }
}

/// The system's words without Rust's `(os error 111)`.
fn words_of(error: &io::Error) -> String {
    let text = innermost_io(error).to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    // `Connection refused`, in the middle of our sentences.
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn innermost_io(error: &io::Error) -> &io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or(error, innermost_io)
}

fn innermost(error: &(dyn Error + 'static)) -> Vec<String> {
    chain(error).last().map(|error| error.to_string()).into_iter().collect()
}

/// An error and all within it. `io::Error::source` leaves out the error that it was made of, which is the one
/// that says something.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    fn within<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        let error = *error;
        match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), within)
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}
