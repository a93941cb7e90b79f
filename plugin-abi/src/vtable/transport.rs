//! Calls to a Flyte backend, in either direction.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec, Tuple2},
};

use super::{AbiResult, FaultBox};

interface! {
    /// One call of a unary method.
    pub trait Call: [Send + Sync] {
        /// Full path, such as `/flyteidl.service.AdminService/GetTask`.
        fn path(&self) -> RStr<'_>;
        /// gRPC's ASCII headers, in order; values may be secret.
        fn metadata(&self) -> RVec<Tuple2<RString, RString>>;
        /// The encoded request.
        fn message(&self) -> RSlice<'_, u8>;
        /// Timeout in milliseconds; 0: none.
        #[sabi(last_prefix_field)]
        fn timeout(&self) -> u64;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A call that is borrowed until it is answered.
pub type CallRef<'a> = Call_TO<'a, RRef<'a, ()>>;

interface! {
    /// The answer of a method.
    pub trait Answer: [Send + Sync] {
        /// Headers and trailers.
        fn metadata(&self) -> RVec<Tuple2<RString, RString>>;
        /// The encoded response.
        #[sabi(last_prefix_field)]
        fn message(&self) -> RSlice<'_, u8>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// An answer that its receiver owns.
pub type AnswerBox = Answer_TO<'static, RBox<()>>;

interface! {
    /// How a call failed: the server's status, or why no server answered.
    pub trait Status: [Send + Sync] {
        /// gRPC's number; the host reads those that gRPC does not have as 2, UNKNOWN.
        fn code(&self) -> u32;
        fn message(&self) -> RString;
        /// An encoded `google.rpc.Status`; empty if there is none.
        fn details(&self) -> RVec<u8>;
        /// Trailers, or headers where there are no others.
        fn metadata(&self) -> RVec<Tuple2<RString, RString>>;
        /// 0: the server's status. Otherwise no server answered: 1: the transport failed; 2: no connection;
        /// 3: TLS failed; 4: the answer is not gRPC; 5: the connection broke after the call was sent; 6:
        /// timeout; 7: the answer exceeds the host's size limit. Other numbers are read as 1.
        fn fault_kind(&self) -> u32;
        /// The error, if no server answered.
        #[sabi(last_prefix_field)]
        fn fault(&self) -> ROption<FaultBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A status that its receiver owns.
pub type StatusBox = Status_TO<'static, RBox<()>>;

interface! {
    /// Carries calls to a backend: the host's to a plugin, and a plugin's to the host.
    pub trait Transport: [Send + Sync] {
        /// Answers one call, and blocks until then. Called from any thread, concurrently.
        #[sabi(last_prefix_field)]
        fn call(&self, call: CallRef<'_>) -> RResult<AnswerBox, StatusBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A transport that its receiver owns.
pub type TransportBox = Transport_TO<'static, RBox<()>>;

interface! {
    /// A transport that wraps or replaces the one behind a plugin.
    pub trait TransportLayer: [Send + Sync] {
        /// Whether it wraps the transport behind it; otherwise it replaces it.
        fn wraps(&self) -> bool;
        /// Opens the transport. `behind` is given if it wraps.
        #[sabi(last_prefix_field)]
        fn open(&self, behind: ROption<TransportBox>) -> AbiResult<TransportBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A layer that its receiver owns.
pub type TransportLayerBox = TransportLayer_TO<'static, RBox<()>>;
