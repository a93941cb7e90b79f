//! The transports of a chain: one plugin's around the next one's, the host's own behind the last.
//!
//! All calls are synchronous, on the caller's thread; the program that opens the transports provides the
//! threads.

use std::{fmt, sync::Arc};

use abi_stable::std_types::ROption;
use plugin_abi::{
    PluginError,
    transport::{Answer, Call, FaultKind, Status, Transport, TransportHandle},
    vtable::TransportLayerBox,
};

use super::{
    HookError, Identity,
    error::{CallSite, HookErrorKind},
    validate,
};

/// The number of an error whose text names its plugin already.
const ATTRIBUTED: u64 = u64::MAX;

/// The transports of the plugins of a chain, the outermost first.
#[derive(Clone, Default)]
pub struct Layers(Vec<Layer>);

/// The transport of one plugin.
#[derive(Clone)]
struct Layer {
    owner: Identity,
    raw: Arc<TransportLayerBox>,
}

impl Layers {
    /// A plugin's own layer around those of the plugins behind it.
    pub(super) fn around(owner: &Identity, own: Option<TransportLayerBox>, behind: Self) -> Self {
        let Some(raw) = own else { return behind };
        let mut layers = if raw.wraps() { behind.0 } else { Vec::new() };
        layers.insert(0, Layer { owner: owner.clone(), raw: Arc::new(raw) });
        Self(layers)
    }

    /// Whether the host's transport is used as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The plugins, the outermost first.
    pub fn owners(&self) -> impl Iterator<Item = &Identity> {
        self.0.iter().map(|layer| &layer.owner)
    }

    /// The plugin whose transport replaces the host's, if one does.
    #[must_use]
    pub fn replacement(&self) -> Option<&Identity> {
        self.0.last().filter(|layer| !layer.raw.wraps()).map(|layer| &layer.owner)
    }

    /// Opens the transports around the host's, which is not needed if there is a [`Layers::replacement`].
    ///
    /// # Errors
    ///
    /// The error of the plugin that could not open its transport.
    pub fn open(&self, host: Option<TransportHandle>) -> Result<Option<TransportHandle>, HookError> {
        let mut behind = host;
        for Layer { owner, raw } in self.0.iter().rev() {
            let lent = |transport| {
                TransportHandle::new(ValidatedTransport { borrower: owner.clone(), transport }).into_raw()
            };
            let given: ROption<_> = behind.map(lent).into();
            let opened = raw.open(given).into_result();
            let opened = opened
                .map_err(|fault| failed(owner, HookErrorKind::Returned(PluginError::from_raw(&fault))))?;
            #[cfg(next_protocol)]
            super::growth::ask(owner, &super::growth::Made::Transport(raw, &opened));
            let opened =
                OwnedTransport { owner: owner.clone(), transport: TransportHandle::from_raw(opened) };
            behind = Some(TransportHandle::new(opened));
        }
        Ok(behind)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.owners()).finish()
    }
}

/// A transport of a plugin; its errors name the plugin.
struct OwnedTransport {
    owner: Identity,
    transport: TransportHandle,
}

impl Transport for OwnedTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        self.transport.call(call).map_err(|status| self.name_plugin(status))
    }
}

impl OwnedTransport {
    /// Names this plugin in an error, unless the error names one already.
    #[cold]
    fn name_plugin(&self, status: Status) -> Status {
        let Some(error) = status.error() else {
            return match status.code.0 {
                0 => attribute(
                    FaultKind::Transport,
                    &failed(&self.owner, HookErrorKind::InvalidValue("OK is not how a call fails".into())),
                ),
                _ => status,
            };
        };
        if error.upstream() == ATTRIBUTED {
            return status;
        }
        let kind = status.fault_kind().unwrap_or(FaultKind::Transport);
        attribute(kind, &failed(&self.owner, HookErrorKind::Returned(error.clone())))
    }
}

/// The transport behind a plugin, as the plugin calls it: the call is validated first.
struct ValidatedTransport {
    borrower: Identity,
    transport: TransportHandle,
}

impl Transport for ValidatedTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let wrong = validate::path(call.path).and_then(|()| validate::metadata(&call.metadata));
        wrong.map_err(|reason| {
            attribute(FaultKind::Transport, &failed(&self.borrower, HookErrorKind::InvalidValue(reason)))
        })?;
        self.transport.call(call)
    }
}

fn failed(owner: &Identity, kind: HookErrorKind) -> HookError {
    HookError::new(owner.clone(), CallSite::Transport, kind)
}

/// A status for the transports around this one; passed on, it keeps its plugin.
fn attribute(kind: FaultKind, fault: &HookError) -> Status {
    let error = PluginError::new(fault).with_causes(fault.causes());
    let error = fault.hints().into_iter().fold(error, PluginError::hint);
    attributed(Status::fault(kind, error))
}

/// Marks a status as the host's own, so that it is not attributed to the plugins that pass it on.
pub fn attributed(status: Status) -> Status {
    status.with_upstream(ATTRIBUTED)
}
