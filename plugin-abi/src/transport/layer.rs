//! What `get_remote` returns beside the fields: how to make a transport.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult},
};

use crate::{
    PluginError,
    shim::{self, Kept},
    vtable::{self, Outcome, TransportBox, TransportLayer_TO, TransportLayerBox},
};

use super::{HostTransport, Transport};

type Wrap = dyn Fn(HostTransport) -> HostTransport + Send + Sync;

/// A transport to be, of one plugin.
#[derive(Clone)]
pub(crate) enum Layer {
    /// In the place of whatever is behind.
    Supplies(Arc<Kept<HostTransport>>),
    /// Around what is behind.
    Wraps(Arc<Kept<Box<Wrap>>>),
}

impl Layer {
    pub(crate) fn supplies(transport: HostTransport) -> Self {
        Self::Supplies(Arc::new(Kept::new(transport)))
    }

    /// Puts a wrapper around what the same plugin wanted before.
    pub(crate) fn wraps<T: Transport>(
        before: Option<Self>,
        wrap: impl Fn(HostTransport) -> T + Send + Sync + 'static,
    ) -> Self {
        let wrap = move |behind| HostTransport::new(wrap(behind));
        match before {
            None => Self::Wraps(Arc::new(Kept::new(Box::new(wrap)))),
            Some(Self::Wraps(inner)) => {
                Self::Wraps(Arc::new(Kept::new(Box::new(move |behind| wrap(inner(behind))))))
            }
            Some(Self::Supplies(inner)) => Self::supplies(wrap(HostTransport::clone(&inner))),
        }
    }

    pub(crate) fn into_raw(self) -> TransportLayerBox {
        TransportLayer_TO::from_value(self, TD_Opaque)
    }
}

impl PartialEq for Layer {
    /// Functions cannot be compared; clones of one are the same.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Supplies(left), Self::Supplies(right)) => Arc::ptr_eq(left, right),
            (Self::Wraps(left), Self::Wraps(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for Layer {}

impl vtable::TransportLayer for Layer {
    fn wraps(&self) -> bool {
        matches!(self, Self::Wraps(_))
    }

    fn open(&self, behind: ROption<TransportBox>) -> Outcome<TransportBox> {
        let opened = shim::guard(|| match (self, behind) {
            (Self::Supplies(transport), _) => Ok(HostTransport::clone(transport)),
            (Self::Wraps(wrap), ROption::RSome(behind)) => Ok(wrap(HostTransport::from_raw(behind))),
            (Self::Wraps(_), ROption::RNone) => {
                Err(PluginError::new("the host gave no transport to put one around"))
            }
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
