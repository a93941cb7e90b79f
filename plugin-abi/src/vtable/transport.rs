//! Calls to a Flyte backend, across the border in either direction.

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
        /// Milliseconds that the caller waits; 0: as long as it takes.
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
    /// What a method answered.
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
    /// How a call failed: the server's word, or why there is none.
    pub trait Status: [Send + Sync] {
        /// gRPC's number; the host reads those that gRPC does not have as 2, UNKNOWN.
        fn code(&self) -> u32;
        fn message(&self) -> RString;
        /// An encoded `google.rpc.Status`; empty if there is none.
        fn details(&self) -> RVec<u8>;
        /// Trailers, or headers where there are no others.
        fn metadata(&self) -> RVec<Tuple2<RString, RString>>;
        /// 0: the server said so. Otherwise no server answered: 1: the transport failed; 2: no connection; 3: no
        /// encryption; 4: whoever answered does not speak gRPC; 5: the connection broke after the call was
        /// sent; 6: the time was over; 7: the answer is larger than the host takes. Other numbers are read as 1.
        fn fault_kind(&self) -> u32;
        /// What happened, where no server answered.
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
        /// Answers one call, and blocks until then. Called from any thread, and by several at once.
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
    /// What a plugin puts around the transport behind it, or in its place.
    pub trait TransportLayer: [Send + Sync] {
        /// Whether it needs the transport behind it.
        fn wraps(&self) -> bool;
        /// Makes the transport. `behind` is there if it wraps.
        #[sabi(last_prefix_field)]
        fn open(&self, behind: ROption<TransportBox>) -> AbiResult<TransportBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A layer that its receiver owns.
pub type TransportLayerBox = TransportLayer_TO<'static, RBox<()>>;
