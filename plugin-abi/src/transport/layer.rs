//! The transport of a [`Remote`](crate::Remote), before it is opened.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult},
};

use crate::{
    PluginError,
    adapter::CatchDrop,
    panics,
    vtable::{self, AbiResult, TransportBox, TransportLayer_TO, TransportLayerBox},
};

use super::{Transport, TransportHandle};

type Wrap = dyn Fn(TransportHandle) -> TransportHandle + Send + Sync;

/// The transport of one plugin, before it is opened.
#[derive(Clone)]
pub(crate) enum Layer {
    /// Replaces the transports behind.
    Replace(Arc<CatchDrop<TransportHandle>>),
    /// Wraps the transport behind.
    Wrap(Arc<CatchDrop<Box<Wrap>>>),
}

impl Layer {
    pub(crate) fn replace(transport: TransportHandle) -> Self {
        Self::Replace(Arc::new(CatchDrop::new(transport)))
    }

    /// Wraps the layer that the same plugin set before, if any.
    pub(crate) fn wrap<T: Transport>(
        before: Option<Self>,
        wrap: impl Fn(TransportHandle) -> T + Send + Sync + 'static,
    ) -> Self {
        let wrap = move |behind| TransportHandle::new(wrap(behind));
        match before {
            None => Self::Wrap(Arc::new(CatchDrop::new(Box::new(wrap)))),
            Some(Self::Wrap(inner)) => {
                Self::Wrap(Arc::new(CatchDrop::new(Box::new(move |behind| wrap(inner(behind))))))
            }
            Some(Self::Replace(inner)) => Self::replace(wrap(TransportHandle::clone(&inner))),
        }
    }

    pub(crate) fn into_raw(self) -> TransportLayerBox {
        TransportLayer_TO::from_value(self, TD_Opaque)
    }
}

impl PartialEq for Layer {
    /// Functions cannot be compared; clones of one are equal.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Replace(left), Self::Replace(right)) => Arc::ptr_eq(left, right),
            (Self::Wrap(left), Self::Wrap(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for Layer {}

impl vtable::TransportLayer for Layer {
    fn wraps(&self) -> bool {
        matches!(self, Self::Wrap(_))
    }

    fn open(&self, behind: ROption<TransportBox>) -> AbiResult<TransportBox> {
        let opened = panics::guard(|| match (self, behind) {
            (Self::Replace(transport), _) => Ok(TransportHandle::clone(transport)),
            (Self::Wrap(wrap), ROption::RSome(behind)) => Ok(wrap(TransportHandle::from_raw(behind))),
            (Self::Wrap(_), ROption::RNone) => Err(PluginError::new("the host gave no transport to wrap")),
        });
        match opened {
            RResult::ROk(transport) => RResult::ROk(transport.into_raw()),
            RResult::RErr(fault) => RResult::RErr(fault),
        }
    }

    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
