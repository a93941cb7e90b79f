//! Transports, their calls and responses.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{ROption, RResult, RSlice, RStr, RString, RVec, Tuple2},
};
use plugin_abi::vtable::{self, *};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use crate::isolated::object::Methods;
use crate::isolated::{
    carry::{Argument, Carry, Owned},
    message::{Malformed, decode, encode},
    object::{Returned, Shared, Source},
    peer::{Nothing, Peer, Served},
};

interface! {
    given TransportLayer: LayerStandIn, LayerWire = TransportLayerBox, |held| TransportLayer_TO::from_value(held, TD_Opaque);
    values { wraps: bool, #[cfg(next_protocol)] revision: u32, }
    calls {
        open(behind: Owned<ROption<TransportBox>>) -> AbiResult<TransportBox>;
    }
}

interface! {
    given Transport: TransportStandIn, TransportWire = TransportBox, |held| Transport_TO::from_value(held, TD_Opaque);
    values { #[cfg(next_protocol)] revision: u32, }
    calls {
        call(call: CallArgument) -> RResult<AnswerBox, StatusBox>;
    }
}

interface! {
    sent Status: StatusStandIn, StatusWire = StatusBox, |held| Status_TO::from_value(held, TD_Opaque);
    values {
        code: u32,
        message: RString,
        details: RVec<u8>,
        metadata: RVec<Tuple2<RString, RString>>,
        fault_kind: u32,
        fault: ROption<FaultBox>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}

/// The message of a call of a transport: its texts are borrowed by those who read it.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::isolated) struct CallWire {
    path: RString,
    metadata: Vec<(RString, RString)>,
    message: serde_bytes::ByteBuf,
    timeout: u64,
    #[cfg(next_protocol)]
    revision: u32,
}

fn pairs(metadata: RVec<Tuple2<RString, RString>>) -> Vec<(RString, RString)> {
    metadata.into_iter().map(|Tuple2(key, value)| (key, value)).collect()
}

fn metadata(pairs: &[(RString, RString)]) -> RVec<Tuple2<RString, RString>> {
    pairs.iter().cloned().map(|(key, value)| Tuple2(key, value)).collect()
}

impl vtable::Call for CallWire {
    fn path(&self) -> RStr<'_> {
        self.path.as_rstr()
    }
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata(&self.metadata)
    }
    fn message(&self) -> RSlice<'_, u8> {
        RSlice::from_slice(&self.message)
    }
    fn timeout(&self) -> u64 {
        self.timeout
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        self.revision
    }
}

/// A call of a transport.
pub(in crate::isolated) struct CallArgument;

impl Argument for CallArgument {
    type Abi<'a> = CallRef<'a>;
    type Wire = CallWire;
    type Held = CallWire;

    fn export(call: CallRef<'_>, _: &Arc<Peer>) -> CallWire {
        CallWire {
            path: call.path().into(),
            metadata: pairs(call.metadata()),
            message: serde_bytes::ByteBuf::from(call.message().to_vec()),
            timeout: call.timeout(),
            #[cfg(next_protocol)]
            revision: call.revision(),
        }
    }
    fn hold(wire: CallWire, _: &Arc<Peer>) -> CallWire {
        wire
    }
    fn lend(held: &mut CallWire) -> CallRef<'_> {
        Call_TO::from_ptr(RRef::new(&*held), TD_Opaque)
    }
}

/// The message of an answer of a transport.
#[derive(Serialize, Deserialize)]
pub(in crate::isolated) struct AnswerWire {
    metadata: Vec<(RString, RString)>,
    message: serde_bytes::ByteBuf,
    #[cfg(next_protocol)]
    revision: u32,
}

impl vtable::Answer for Shared<AnswerWire> {
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata(&self.0.metadata)
    }
    fn message(&self) -> RSlice<'_, u8> {
        RSlice::from_slice(&self.0.message)
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        self.0.revision
    }
}

impl Carry for AnswerBox {
    type Wire = AnswerWire;
    type Held = Shared<AnswerWire>;

    fn export(self, _: &Arc<Peer>) -> AnswerWire {
        AnswerWire {
            metadata: pairs(self.metadata()),
            message: serde_bytes::ByteBuf::from(self.message().to_vec()),
            #[cfg(next_protocol)]
            revision: self.revision(),
        }
    }
    fn hold(wire: AnswerWire, _: &Arc<Peer>) -> Self::Held {
        Shared(Arc::new(wire))
    }
    fn make(held: Self::Held) -> Self {
        Answer_TO::from_value(held, TD_Opaque)
    }
}
