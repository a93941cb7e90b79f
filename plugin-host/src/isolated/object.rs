//! Objects of the other process.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult, RString, RVec, Tuple2},
};
use plugin_abi::{
    PluginError,
    transport::{Code, FaultKind},
    vtable::{self, FaultBox, Status_TO, StatusBox},
};
use serde::Serialize;

use super::{
    carry::Carry,
    message::{decode, encode},
    peer::{Lent, Peer},
};

/// An object of the other process.
#[derive(Clone)]
pub(super) struct ObjectRef(Arc<Numbered>);

struct Numbered {
    peer: Arc<Peer>,
    number: u64,
    /// Whether the other process keeps the object for us.
    kept: bool,
}

impl ObjectRef {
    /// An object that the other process keeps until this reference and its clones are dropped.
    pub(super) fn kept(number: u64, peer: &Arc<Peer>) -> Self {
        Self(Arc::new(Numbered { peer: Arc::clone(peer), number, kept: true }))
    }

    /// An object that the other process lends for the current call.
    pub(super) fn lent(number: u64, peer: &Arc<Peer>) -> Self {
        Self(Arc::new(Numbered { peer: Arc::clone(peer), number, kept: false }))
    }

    pub(super) fn peer(&self) -> &Arc<Peer> {
        &self.0.peer
    }

    /// Calls a method, and waits for its result.
    pub(super) fn call<R: Returned>(
        &self,
        method: &'static str,
        arguments: &impl Serialize,
        lent: &dyn Lent,
    ) -> R {
        let peer = self.peer();
        let body = encode(&(lent.number(), arguments));
        let answer = body.map_err(|malformed| peer.fail(method, &malformed));
        let answer = answer.and_then(|body| peer.call(self.0.number, method, &body, lent));
        let answer = answer
            .and_then(|answer| decode::<R::Wire>(&answer).map_err(|malformed| peer.fail(method, &malformed)));
        match answer {
            Ok(wire) => R::make(R::hold(wire, peer)),
            Err(error) => R::lost(error),
        }
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        if self.kept {
            self.peer.release(self.number);
        }
    }
}

/// A shared stand-in for an object of the other process.
pub(super) struct Shared<T>(pub(super) Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What is lent for one call, with its number.
pub(super) struct LentObject<T>(pub(super) u64, pub(super) T);

/// An interface and its methods.
#[cfg(test)]
pub(super) type Methods = (&'static str, &'static [&'static str]);

/// A plugin whose process may be started again.
pub(super) trait Restarted: Send + Sync {
    /// The hooks in the current process.
    fn object(&self) -> Result<ObjectRef, PluginError>;
}

/// Where the calls of a stand-in are sent.
#[derive(Clone)]
pub(super) enum Source {
    /// The original was borrowed, or has no calls.
    None,
    Object(ObjectRef),
    /// The hooks of a plugin, in the process that it has at the time of the call.
    Plugin(Arc<dyn Restarted>),
}

impl Source {
    /// An object by its number; 0 for none.
    pub(super) fn object(number: u64, peer: &Arc<Peer>) -> Self {
        match number {
            0 => Self::None,
            number => Self::Object(ObjectRef::kept(number, peer)),
        }
    }

    /// The object, whose process is started if necessary.
    pub(super) fn get(&self) -> Result<ObjectRef, PluginError> {
        match self {
            Self::None => Err(PluginError::new("this object can only be read")),
            Self::Object(object) => Ok(object.clone()),
            Self::Plugin(process) => process.object(),
        }
    }
}

/// A result of a call between processes.
pub(super) trait Returned: Carry {
    /// The result when the other process did not return one. Where a type has no errors, only plugins call
    /// the method, and their process ends with the host.
    fn lost(error: PluginError) -> Self;
}

impl<T: Carry, E: Carry + From<Loss>> Returned for RResult<T, E>
where
    Self: Carry,
{
    fn lost(error: PluginError) -> Self {
        Self::RErr(Loss(error).into())
    }
}

/// The error of a call without a result.
pub(super) struct Loss(PluginError);

impl From<Loss> for FaultBox {
    fn from(loss: Loss) -> Self {
        loss.0.into_raw()
    }
}

impl From<Loss> for StatusBox {
    fn from(loss: Loss) -> Self {
        Status_TO::from_value(loss, TD_Opaque)
    }
}

/// How a call fails that the other process did not answer: as [`FaultKind::Transport`].
///
/// [`FaultKind::Transport`]: plugin_abi::transport::FaultKind::Transport
impl vtable::Status for Loss {
    fn code(&self) -> u32 {
        Code::UNKNOWN.0
    }
    fn message(&self) -> RString {
        self.0.message().into()
    }
    fn details(&self) -> RVec<u8> {
        RVec::new()
    }
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        RVec::new()
    }
    fn fault_kind(&self) -> u32 {
        FaultKind::Transport as u32
    }
    fn fault(&self) -> ROption<FaultBox> {
        ROption::RSome(self.0.clone().into_raw())
    }
}

macro_rules! infallible {
    ($($returned:ty = $value:expr),* $(,)?) => {
        $(impl Returned for $returned {
            fn lost(_: PluginError) -> Self {
                $value
            }
        })*
    };
}

infallible! {
    () = (),
    bool = false,
    u32 = 0,
    RString = RString::new(),
    RVec<RString> = RVec::new(),
    ROption<RVec<RString>> = ROption::RNone,
}
