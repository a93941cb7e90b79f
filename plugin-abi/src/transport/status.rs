//! How a call fails.

use std::fmt;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RString, RVec, Tuple2},
};

use crate::{
    PluginError,
    limit::limit_text,
    vtable::{self, FaultBox, Status_TO, StatusBox},
};

use super::{Metadata, metadata_from_raw, metadata_into_raw};

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub u32);

macro_rules! codes {
    ($($name:ident = $number:literal,)*) => {
        #[expect(missing_docs, reason = "gRPC's own names; its documentation applies")]
        impl Code {
            $(pub const $name: Self = Self($number);)*

            /// gRPC's name, such as `NOT_FOUND`; `UNKNOWN` for a number that gRPC does not have.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    _ => "UNKNOWN",
                }
            }
        }
    };
}

codes! {
    CANCELLED = 1,
    UNKNOWN = 2,
    INVALID_ARGUMENT = 3,
    DEADLINE_EXCEEDED = 4,
    NOT_FOUND = 5,
    ALREADY_EXISTS = 6,
    PERMISSION_DENIED = 7,
    RESOURCE_EXHAUSTED = 8,
    FAILED_PRECONDITION = 9,
    ABORTED = 10,
    OUT_OF_RANGE = 11,
    UNIMPLEMENTED = 12,
    INTERNAL = 13,
    UNAVAILABLE = 14,
    DATA_LOSS = 15,
    UNAUTHENTICATED = 16,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why no Flyte server answered a call. The numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The transport itself failed.
    Transport = 1,
    /// No connection; nothing was sent.
    Connect = 2,
    /// TLS failed; nothing was sent.
    Tls = 3,
    /// The answer is not gRPC.
    Protocol = 4,
    /// The connection broke after the call was sent; the server may have executed it.
    Broken = 5,
    /// The call timed out.
    Deadline = 6,
    /// The answer exceeds the host's size limit.
    TooLarge = 7,
}

/// How a call failed: the server's status, or why no server answered.
///
/// Any [`std::error::Error`] and a [`PluginError`] turn into one with `?`: a fault of the transport.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct Status {
    /// The gRPC status code.
    pub code: Code,
    /// The server's message, or that of the error.
    pub message: String,
    /// An encoded `google.rpc.Status`; empty if there is none.
    pub details: Vec<u8>,
    /// Trailers, or headers where there are no others.
    pub metadata: Metadata,
    fault: Option<Box<(FaultKind, PluginError)>>,
}

impl Status {
    /// A status as a server returns it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), metadata: Vec::new(), fault: None }
    }

    /// UNIMPLEMENTED, as servers answer for an unknown path.
    pub fn unimplemented(path: &str) -> Self {
        Self::new(Code::UNIMPLEMENTED, format!("unknown method {path}"))
    }

    /// A call that no server answered. Every kind but [`FaultKind::Transport`] is reported as an unreachable
    /// server.
    pub fn fault(kind: FaultKind, error: PluginError) -> Self {
        let code = match kind {
            FaultKind::Transport => Code::UNKNOWN,
            FaultKind::Protocol => Code::INTERNAL,
            FaultKind::Deadline => Code::DEADLINE_EXCEEDED,
            FaultKind::TooLarge => Code::RESOURCE_EXHAUSTED,
            FaultKind::Connect | FaultKind::Tls | FaultKind::Broken => Code::UNAVAILABLE,
        };
        let message = error.message().to_owned();
        Self { fault: Some(Box::new((kind, error))), ..Self::new(code, message) }
    }

    /// Why no server answered; `None` when one did.
    #[must_use]
    pub fn fault_kind(&self) -> Option<FaultKind> {
        self.fault.as_ref().map(|fault| fault.0)
    }

    /// The error when no server answered; `None` when one did.
    #[must_use]
    pub fn error(&self) -> Option<&PluginError> {
        self.fault.as_ref().map(|fault| &fault.1)
    }

    /// Marks the error as one that the host keeps under a number.
    #[doc(hidden)]
    pub fn with_upstream(mut self, number: u64) -> Self {
        self.fault = self.fault.map(|fault| Box::new((fault.0, fault.1.with_upstream(number))));
        self
    }

    /// Converts to the ABI type.
    pub(super) fn into_raw(self) -> StatusBox {
        Status_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type.
    pub(super) fn from_raw(raw: &StatusBox) -> Self {
        let kind = match raw.fault_kind() {
            0 => None,
            2 => Some(FaultKind::Connect),
            3 => Some(FaultKind::Tls),
            4 => Some(FaultKind::Protocol),
            5 => Some(FaultKind::Broken),
            6 => Some(FaultKind::Deadline),
            7 => Some(FaultKind::TooLarge),
            _ => Some(FaultKind::Transport),
        };
        let error = || match raw.fault() {
            ROption::RSome(fault) => PluginError::from_raw(&fault),
            ROption::RNone => PluginError::new(raw.message()),
        };
        Self {
            code: Code(raw.code()),
            message: limit_text(&raw.message()),
            details: raw.details().into(),
            metadata: metadata_from_raw(raw.metadata()),
            fault: kind.map(|kind| Box::new((kind, error()))),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Status {
    fn from(error: E) -> Self {
        Self::fault(FaultKind::Transport, error.into())
    }
}

impl From<PluginError> for Status {
    fn from(error: PluginError) -> Self {
        Self::fault(FaultKind::Transport, error)
    }
}

impl From<Status> for PluginError {
    /// For a command that fails without the answer: it exits with the host's code for this status.
    fn from(status: Status) -> Self {
        let Status { code, message, fault, .. } = status;
        match fault.map(|fault| *fault) {
            Some((FaultKind::Transport, error)) => error,
            Some((_, error)) => error.exit_code(NOT_REACHABLE),
            None if code == Code::UNAUTHENTICATED => Self::new(message).exit_code(NOT_SIGNED_IN),
            None => Self::new(format_args!("{message} ({code})")).exit_code(REFUSED),
        }
    }
}

/// The host's exit codes, which are public.
const NOT_SIGNED_IN: u8 = 20;
const NOT_REACHABLE: u8 = 21;
const REFUSED: u8 = 22;

impl vtable::Status for Status {
    fn code(&self) -> u32 {
        self.code.0
    }
    fn message(&self) -> RString {
        self.message.as_str().into()
    }
    fn details(&self) -> RVec<u8> {
        self.details.as_slice().into()
    }
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata_into_raw(&self.metadata)
    }
    fn fault_kind(&self) -> u32 {
        self.fault.as_ref().map_or(0, |fault| fault.0 as u32)
    }
    fn fault(&self) -> ROption<FaultBox> {
        self.fault.as_ref().map(|fault| fault.1.clone().into_raw()).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
