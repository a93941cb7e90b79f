//! How a call reaches a Flyte backend: bytes to a method's path, bytes or a status back.
//!
//! Everything above speaks in messages ([`crate::client`]), everything below in whatever carries them: gRPC,
//! a function call into the sandbox, a plugin. So FlyteAdmin may grow without a transport noticing.

use std::{borrow::Cow, error::Error, fmt, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use prost::Message;

/// Metadata of a call or an answer: gRPC's ASCII headers, in order. Keys are lower case.
pub type Metadata = Vec<(String, String)>;

/// HTTP/2's key of an answer's HTTP status, in the metadata of a [`Status`] that is not gRPC's.
pub(crate) const HTTP_STATUS: &str = ":status";

/// The header by which an embedded sandbox says that it refused a call for want of its token.
pub const SANDBOX_TOKEN: &str = "flyte-sandbox-token";

/// One call of a unary method.
#[derive(Clone, Debug)]
pub struct Call {
    /// Full path, such as `/flyteidl.service.AdminService/GetTask`; a plugin may ask for one that is unknown
    /// here.
    pub path: Cow<'static, str>,
    /// Sent before the message. Values may be secret.
    pub metadata: Metadata,
    /// The encoded request.
    pub message: Bytes,
    /// How long the caller waits for the answer; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

/// The response to a [`Call`].
#[derive(Clone, Debug)]
pub struct CallResponse {
    /// Headers and trailers.
    pub metadata: Metadata,
    /// The encoded response.
    pub message: Bytes,
}

/// An answer that is on its way.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<CallResponse, Status>> + Send + 'a>>;

/// Carries calls to a backend.
pub trait Transport: Send + Sync {
    /// Sends one call. Dropping the reply cancels it.
    fn call(&self, call: Call) -> Reply<'_>;

    /// What passes responses on, such as "plugin `acme`": named when one cannot be decoded.
    fn carrier(&self) -> Option<&str> {
        None
    }
}

/// gRPC's status codes (`grpc/doc/statuscodes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[expect(missing_docs, reason = "gRPC's own names; its documentation applies")]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Code {
    const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The code with a number; numbers that gRPC does not have are `Unknown`, as gRPC says.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index).copied()).unwrap_or(Self::Unknown)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// gRPC's name, such as `NOT_FOUND`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// How a call failed: the server's word, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The class of the failure.
    pub code: Code,
    /// The server's text, or that of the fault.
    pub message: String,
    /// The encoded `google.rpc.Status` of `grpc-status-details-bin`; empty if there is none.
    pub details: Bytes,
    /// Trailers, or headers where there are no others.
    pub metadata: Metadata,
    /// Why the server did not get to answer; `None` when it did.
    pub fault: Option<Box<TransportError>>,
}

/// Why a call got no response from a Flyte server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// The kind, for deciding what to do.
    pub kind: TransportErrorKind,
    /// What happened, in words.
    pub text: String,
    /// Why, from the outermost cause to the root.
    pub causes: Option<Box<TransportCause>>,
    /// What the user can do, if anything.
    pub hint: Option<String>,
    /// The number under which the program keeps where this came from, if a plugin made it; 0: none.
    pub origin: u64,
}

/// A cause of a fault, and the cause of that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct TransportCause {
    text: String,
    #[source]
    next: Option<Box<Self>>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: name resolution, network, refusal, timeout. Nothing was sent.
    Connect,
    /// Not signed in, and signing in failed: UNAUTHENTICATED; UNAVAILABLE if the identity provider does not
    /// answer. The server did nothing.
    SignIn,
    /// The TLS handshake failed. Nothing was sent.
    Tls,
    /// The response is not gRPC.
    Protocol,
    /// The connection broke after the call was sent; the server may have done it.
    Broken,
    /// The deadline passed.
    Deadline,
    /// The server answered more than the client takes.
    TooLarge,
    /// The transport itself failed, such as that of a plugin.
    Transport,
}

impl TransportError {
    /// A fault without causes or a hint.
    pub fn new(kind: TransportErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), causes: None, hint: None, origin: 0 }
    }

    /// Sets the causes, from the outermost to the root.
    #[must_use]
    pub fn caused_by(
        mut self,
        causes: impl IntoIterator<Item = String, IntoIter: DoubleEndedIterator>,
    ) -> Self {
        let chain = |next, text| Some(Box::new(TransportCause { text, next }));
        self.causes = causes.into_iter().rev().fold(None, chain);
        self
    }

    /// Puts a cause in front of the others, if there is one.
    #[cfg(feature = "grpc")]
    pub(crate) fn first_caused_by(mut self, cause: Option<String>) -> Self {
        if let Some(text) = cause {
            self.causes = Some(Box::new(TransportCause { text, next: self.causes }));
        }
        self
    }

    /// Sets what the user can do, if anything.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Sets [`TransportError::origin`].
    #[must_use]
    pub fn with_origin(self, origin: u64) -> Self {
        Self { origin, ..self }
    }

    /// From the outermost cause to the root.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        let first = self.causes.as_deref();
        std::iter::successors(first, |cause| cause.next.as_deref()).map(|cause| cause.text.as_str())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Status {
    /// The message of a fault is the status's own, so that only its causes are left to tell.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.fault.as_ref()?.causes.as_deref()?)
    }
}

impl Status {
    /// A status as a server gives it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Bytes::new(), metadata: Metadata::new(), fault: None }
    }

    /// Replaces every text: the message, the values of the metadata, those of the fault and of its causes.
    #[must_use]
    pub fn map_texts(mut self, map: impl Fn(&str) -> String) -> Self {
        let fault = self.fault.as_deref_mut();
        let mut texts: Vec<&mut String> = self.metadata.iter_mut().map(|(_, value)| value).collect();
        texts.push(&mut self.message);
        if let Some(TransportError { text, causes, hint, .. }) = fault {
            texts.push(text);
            texts.extend(hint.as_mut());
            let mut next = causes.as_deref_mut();
            while let Some(cause) = next {
                texts.push(&mut cause.text);
                next = cause.next.as_deref_mut();
            }
        }
        texts.into_iter().for_each(|text| *text = map(text));
        self
    }

    /// UNIMPLEMENTED for a path.
    #[must_use]
    pub fn unimplemented(path: &str) -> Self {
        Self::new(Code::Unimplemented, format!("unknown method {path}"))
    }

    /// A call that no server answered.
    #[must_use]
    pub fn fault(code: Code, fault: TransportError) -> Self {
        Self {
            code,
            message: fault.text.clone(),
            details: Bytes::new(),
            metadata: Metadata::new(),
            fault: Some(fault.into()),
        }
    }

    /// The HTTP status of a response that is not gRPC, such as `401` of a proxy.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        let (_, status) = self.metadata.iter().find(|(name, _)| name == HTTP_STATUS)?;
        status.parse().ok()
    }

    /// The hint for a sandbox that requires its token, which no sign-in provides.
    #[must_use]
    pub fn sandbox_hint(&self) -> Option<&'static str> {
        self.metadata.iter().any(|(name, _)| name == SANDBOX_TOKEN).then_some(
            "set `FLYTE_ACCESS_TOKEN_FILE` to a copy of `server.token`, which is in the folder of the sandbox that is served \
             (`~/.flyte/sandbox`), or `FLYTE_ACCESS_TOKEN` to its content; `flyte-host sandbox start` prints both",
        )
    }

    /// Adds one of Flyte's detail messages.
    #[must_use]
    pub fn with_detail<M: prost::Name>(mut self, detail: &M) -> Self {
        let mut status = RpcStatus::decode(self.details.clone()).unwrap_or_default();
        status.code = i32::try_from(self.code.number()).unwrap_or(2);
        status.message.clone_from(&self.message);
        status.details.push(prost_types::Any { type_url: M::type_url(), value: detail.encode_to_vec() });
        self.details = status.encode_to_vec().into();
        self
    }

    /// The first of Flyte's detail messages of a type, if there is one.
    #[must_use]
    pub fn detail<M: prost::Name + Default>(&self) -> Option<M> {
        let status = RpcStatus::decode(self.details.clone()).ok()?;
        let is_wanted = |any: &&prost_types::Any| any.type_url.rsplit('/').next() == Some(&M::full_name());
        let any = status.details.iter().find(is_wanted)?;
        M::decode(any.value.as_slice()).ok()
    }
}

/// `google.rpc.Status` (`google/rpc/status.proto`).
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// Decodes a request, lets a method answer it, encodes the answer: one arm of a server's dispatch.
///
/// # Errors
///
/// INVALID_ARGUMENT for bytes that are not such a message; what the method says.
pub fn serve<Request, Response>(
    message: &[u8],
    method: impl FnOnce(Request) -> Result<Response, Status>,
) -> Result<Vec<u8>, Status>
where
    Request: Message + Default,
    Response: Message,
{
    let request = Request::decode(message).map_err(|error| {
        Status::new(Code::InvalidArgument, format!("the request cannot be read: {error}"))
    })?;
    Ok(method(request)?.encode_to_vec())
}
