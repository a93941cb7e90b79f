//! The transports of a chain: one plugin's around the next one's, the host's own behind the last.
//!
//! All of it is plain calls on the caller's thread. What carries the calls in the end, and whose threads these
//! are, is the business of whoever opens them.

use std::{fmt, sync::Arc};

use abi_stable::std_types::ROption;
use plugin_abi::{
    PluginError,
    transport::{Answer, Call, FaultKind, HostTransport, Status, Transport},
    vtable::TransportLayerBox,
};

use super::{
    HookError, Identity,
    error::{CallSite, HookErrorKind},
    validate,
};

/// What a fault carries once its text says whose it is.
const ATTRIBUTED: u64 = u64::MAX;

/// The transports that the plugins of a chain want, the outermost first.
#[derive(Clone, Default)]
pub struct Layers(Vec<Layer>);

/// The transport that one plugin wants.
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

    /// The plugin whose transport takes the place of the host's, if one does.
    #[must_use]
    pub fn replacement(&self) -> Option<&Identity> {
        self.0.last().filter(|layer| !layer.raw.wraps()).map(|layer| &layer.owner)
    }

    /// Opens the transports around the host's, which nobody needs where there is a [`Layers::replacement`].
    ///
    /// # Errors
    ///
    /// The fault of the plugin that could not make its transport.
    pub fn open(&self, host: Option<HostTransport>) -> Result<Option<HostTransport>, HookError> {
        let mut behind = host;
        for Layer { owner, raw } in self.0.iter().rev() {
            let lent = |transport| HostTransport::new(Lent { borrower: owner.clone(), transport }).into_raw();
            let given: ROption<_> = behind.map(lent).into();
            let opened = raw.open(given).into_result();
            let opened = opened
                .map_err(|fault| failed(owner, HookErrorKind::Returned(PluginError::from_raw(&fault))))?;
            #[cfg(next_protocol)]
            super::growth::ask(owner, &super::growth::Made::Transport(raw, &opened));
            let opened = Owned { owner: owner.clone(), transport: HostTransport::from_raw(opened) };
            behind = Some(HostTransport::new(opened));
        }
        Ok(behind)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.owners()).finish()
    }
}

/// A transport of a plugin, whose failures carry the plugin's name.
struct Owned {
    owner: Identity,
    transport: HostTransport,
}

impl Transport for Owned {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        self.transport.call(call).map_err(|status| self.blame(status))
    }
}

impl Owned {
    /// A fault that came from further down has told its story.
    #[cold]
    fn blame(&self, status: Status) -> Status {
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

/// What is behind a plugin, as the plugin calls it: what it asks for is looked at first.
struct Lent {
    borrower: Identity,
    transport: HostTransport,
}

impl Transport for Lent {
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

/// A fault as the transports around it see it: passed on, it stays what it is.
fn attribute(kind: FaultKind, fault: &HookError) -> Status {
    let error = fault
        .causes()
        .into_iter()
        .fold(PluginError::new(fault), |error, cause| error.caused_by(std::io::Error::other(cause)));
    let error = fault.hints().into_iter().fold(error, PluginError::hint);
    attributed(Status::fault(kind, error))
}

/// A status of the host's own: the plugins that it passes through are not to blame for it.
pub fn attributed(status: Status) -> Status {
    status.with_upstream(ATTRIBUTED)
}
