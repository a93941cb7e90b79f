//! A plugin's own transport to Flyte, which wraps or replaces the host's.
//!
//! A [`Transport`] sends an encoded message to a method's path and returns an encoded answer or a [`Status`];
//! it does not know FlyteAdmin's methods. Give it to the host with
//! [`Remote::wrap_transport`](crate::Remote::wrap_transport) or
//! [`Remote::with_transport`](crate::Remote::with_transport) in `get_remote`: every call that a command makes
//! then goes through it. A command of your own gets the same transport from
//! [`Invocation::transport`](crate::Invocation::transport), and Flyte's methods as typed functions from the
//! crate `plugin-client`.
//!
//! Where several plugins of a chain have a transport, the first of the chain is the outermost: it sees a call
//! first, and the answer last. One that replaces the transport hides those behind it.
//!
//! # Example: a header, and a count
//!
//! ```
//! use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//! use plugin_abi::{Host, Next, Plugin, PluginError, Remote, RemoteRequest, testing::{Rest, Tester}};
//! use plugin_abi::transport::{Answer, Call, TransportHandle, Status, Transport};
//!
//! struct Acme {
//!     calls: Arc<AtomicU64>,
//! }
//!
//! struct Counted {
//!     behind: TransportHandle,
//!     calls: Arc<AtomicU64>,
//! }
//!
//! impl Transport for Counted {
//!     fn call(&self, mut call: Call<'_>) -> Result<Answer, Status> {
//!         self.calls.fetch_add(1, Ordering::Relaxed);
//!         call.metadata.push(("x-acme-team".to_owned(), "vision".to_owned()));
//!         self.behind.call(call)
//!     }
//! }
//!
//! #[plugin_abi::export(name = "acme", in_process)]
//! impl Plugin for Acme {
//!     fn create(_host: Host) -> Result<Self, PluginError> {
//!         Ok(Self { calls: Arc::default() })
//!     }
//!
//!     fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
//!         let calls = Arc::clone(&self.calls);
//!         let remote = next.get_remote(request)?;
//!         Ok(remote.wrap_transport(move |behind| Counted { behind, calls: Arc::clone(&calls) }))
//!     }
//! }
//!
//! // The server of this test: it answers with the headers of the call.
//! struct Mirror;
//!
//! impl Transport for Mirror {
//!     fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
//!         let mut answer = Answer::new(call.message);
//!         answer.metadata = call.metadata;
//!         Ok(answer)
//!     }
//! }
//!
//! let acme = Tester::<Acme>::new().unwrap();
//! let acme = acme.behind(Rest { transport: TransportHandle::new(Mirror), ..Rest::default() });
//! let transport = acme.transport(&RemoteRequest::default()).unwrap();
//! let answer = transport.call(Call::new("/flyteidl.service.AdminService/GetVersion", b"")).unwrap();
//! assert_eq!(answer.metadata, [("x-acme-team".to_owned(), "vision".to_owned())]);
//! ```

mod layer;
mod status;

pub(crate) use self::layer::Layer;
pub use self::status::{Code, FaultKind, Status};

use std::{fmt, sync::Arc, time::Duration};

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{RResult, RSlice, RStr, RString, RVec, Tuple2},
};

use crate::{
    adapter::CatchDrop,
    vtable::{self, Answer_TO, AnswerBox, Call_TO, CallRef, StatusBox, Transport_TO, TransportBox},
};

/// Metadata of a call or an answer: gRPC's ASCII headers, in order. Keys are lower case.
pub type Metadata = Vec<(String, String)>;

/// Carries calls to a Flyte backend.
pub trait Transport: Send + Sync + 'static {
    /// Answers one call, and blocks until then.
    ///
    /// Called from threads of the host, up to 32 at once. Enforce [`Call::timeout`] yourself; the host stops
    /// waiting shortly after it and drops a later answer.
    ///
    /// # Errors
    ///
    /// [`Status::new`] is a server's status; commands treat yours like the server's. Any other error, with
    /// `?` or as [`Status::fault`], means that no server answered: the command fails and names your plugin.
    /// So does a panic. Return a status of the transport behind you unchanged: it keeps its own origin.
    fn call(&self, call: Call<'_>) -> Result<Answer, Status>;
}

/// One call of a unary method.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// Full path, such as `/flyteidl.service.AdminService/GetTask`.
    pub path: &'a str,
    /// Headers, sent before the message. Values can be secret.
    pub metadata: Metadata,
    /// The encoded request.
    pub message: &'a [u8],
    /// How long the caller waits for the answer; `None`: without a limit.
    pub timeout: Option<Duration>,
}

/// The answer of a method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Headers and trailers.
    pub metadata: Metadata,
    /// The encoded response.
    pub message: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A call without metadata and without a timeout.
    #[must_use]
    pub fn new(path: &'a str, message: &'a [u8]) -> Self {
        Self { path, metadata: Vec::new(), message, timeout: None }
    }
}

impl Answer {
    /// An answer without metadata.
    pub fn new(message: impl Into<Vec<u8>>) -> Self {
        Self { metadata: Vec::new(), message: message.into() }
    }

    fn into_raw(self) -> AnswerBox {
        Answer_TO::from_value(self, TD_Opaque)
    }

    fn from_raw(raw: &AnswerBox) -> Self {
        Self { metadata: metadata_from_raw(raw.metadata()), message: raw.message().to_vec() }
    }
}

/// A shared [`Transport`]: what a plugin gets as the transport behind it, and what it returns as its own.
///
/// The one that the host gives carries calls through the transports of the plugins further down the chain.
/// Clones share one transport.
#[derive(Clone)]
pub struct TransportHandle(Arc<dyn Transport>);

/// The name of [`TransportHandle`] in the first releases of protocol 1.
#[deprecated(note = "renamed to `TransportHandle`")]
pub type HostTransport = TransportHandle;

impl TransportHandle {
    /// Shares a transport.
    pub fn new(transport: impl Transport) -> Self {
        Self(Arc::new(transport))
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> TransportBox {
        Transport_TO::from_value(Adapter(CatchDrop::new(self)), TD_Opaque)
    }

    /// Converts from the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: TransportBox) -> Self {
        Self::new(Raw(raw))
    }
}

impl Transport for TransportHandle {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        self.0.call(call)
    }
}

impl fmt::Debug for TransportHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportHandle").finish_non_exhaustive()
    }
}

/// A transport behind the ABI interface.
struct Raw(TransportBox);

impl Transport for Raw {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let call = BorrowedCall {
            path: call.path,
            metadata: metadata_into_raw(&call.metadata),
            message: call.message,
            timeout: call.timeout,
        };
        match self.0.call(Call_TO::from_ptr(RRef::new(&call), TD_Opaque)) {
            RResult::ROk(answer) => Ok(Answer::from_raw(&answer)),
            RResult::RErr(status) => Err(Status::from_raw(&status)),
        }
    }
}

/// An author's transport behind the host's interface.
struct Adapter(CatchDrop<TransportHandle>);

impl vtable::Transport for Adapter {
    fn call(&self, call: CallRef<'_>) -> RResult<AnswerBox, StatusBox> {
        let answered = crate::panics::guard(|| {
            Ok(self.0.call(Call {
                path: call.path().into(),
                metadata: metadata_from_raw(call.metadata()),
                message: call.message().into(),
                timeout: Some(call.timeout()).filter(|&limit| limit > 0).map(Duration::from_millis),
            }))
        });
        match answered {
            RResult::ROk(Ok(answer)) => RResult::ROk(answer.into_raw()),
            RResult::ROk(Err(status)) => RResult::RErr(status.into_raw()),
            RResult::RErr(fault) => {
                let panic = crate::PluginError::from_raw(&fault);
                RResult::RErr(Status::fault(FaultKind::Transport, panic).into_raw())
            }
        }
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// A call, borrowed by the ABI interface.
struct BorrowedCall<'a> {
    path: &'a str,
    metadata: RVec<Tuple2<RString, RString>>,
    message: &'a [u8],
    timeout: Option<Duration>,
}

impl vtable::Call for BorrowedCall<'_> {
    fn path(&self) -> RStr<'_> {
        self.path.into()
    }
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        self.metadata.clone()
    }
    fn message(&self) -> RSlice<'_, u8> {
        self.message.into()
    }
    fn timeout(&self) -> u64 {
        // Less than a millisecond is not "as long as it takes".
        self.timeout.map_or(0, |limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1))
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

impl vtable::Answer for Answer {
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata_into_raw(&self.metadata)
    }
    fn message(&self) -> RSlice<'_, u8> {
        self.message.as_slice().into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

fn metadata_into_raw(metadata: &[(String, String)]) -> RVec<Tuple2<RString, RString>> {
    metadata.iter().map(|(key, value)| Tuple2(key.as_str().into(), value.as_str().into())).collect()
}

fn metadata_from_raw(metadata: RVec<Tuple2<RString, RString>>) -> Metadata {
    metadata.into_iter().map(|Tuple2(key, value)| (key.into(), value.into())).collect()
}
