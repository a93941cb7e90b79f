//! The transports of a chain: one plugin's around the next one's, the host's own behind the last.
//!
//! All calls are synchronous, on the caller's thread; the program that opens the transports provides the
//! threads.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use abi_stable::std_types::ROption;
use plugin_abi::{
    PluginError,
    transport::{Answer, Call, FaultKind, Status, Transport, TransportHandle},
    vtable::TransportLayerBox,
};

use super::{
    HookError, HookErrors, Identity,
    calls::{self, CallLimit, CallRecord},
    error::{CallSite, HookErrorKind},
    handle_table::unique_number,
    validate,
};

/// The number of the errors of the host's own transport, which are not attributed to a plugin.
static HOST_ERROR: LazyLock<u64> = LazyLock::new(unique_number);

/// The transports of the plugins of a chain.
#[derive(Clone, Default)]
pub struct Layers {
    /// The outermost first.
    layers: Vec<Layer>,
    errors: HookErrors,
}

/// The transport of one plugin.
#[derive(Clone)]
struct Layer {
    owner: Identity,
    raw: Arc<TransportLayerBox>,
}

impl Layers {
    /// A plugin's own layer around those of the plugins behind it.
    pub(super) fn around(
        owner: &Identity,
        own: TransportLayerBox,
        behind: Self,
        errors: &HookErrors,
    ) -> Self {
        let mut layers = if own.wraps() { behind.layers } else { Vec::new() };
        layers.insert(0, Layer { owner: owner.clone(), raw: Arc::new(own) });
        Self { layers, errors: errors.clone() }
    }

    /// The errors that plugins may pass on in a status.
    #[must_use]
    pub fn errors(&self) -> &HookErrors {
        &self.errors
    }

    /// Whether the host's transport is used as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The plugins, the outermost first.
    pub fn owners(&self) -> impl Iterator<Item = &Identity> {
        self.layers.iter().map(|layer| &layer.owner)
    }

    /// The plugin whose transport replaces the host's, if one does.
    #[must_use]
    pub fn replacement(&self) -> Option<&Identity> {
        self.layers.last().filter(|layer| !layer.raw.wraps()).map(|layer| &layer.owner)
    }

    /// Opens the transports around the host's, which is not needed if there is a [`Layers::replacement`].
    ///
    /// # Errors
    ///
    /// The error of the plugin that could not open its transport.
    pub fn open(&self, host: Option<TransportHandle>) -> Result<Option<TransportHandle>, HookError> {
        let mut behind = host;
        for Layer { owner, raw } in self.layers.iter().rev() {
            let attribution = Attribution { plugin: owner.clone(), errors: self.errors.clone() };
            let lent = |transport| {
                let borrower = attribution.clone();
                TransportHandle::new(ValidatedTransport { borrower, transport }).into_raw()
            };
            let given: ROption<_> = behind.map(lent).into();
            let record = CallRecord::new(owner, "in its transport", CallLimit::Unlimited);
            let _call = record.enter_watched_beside_host();
            let opened = raw.open(given).into_result();
            let opened = opened.map_err(|raw| {
                self.errors.attribute(owner, CallSite::Transport, PluginError::from_raw(&raw))
            })?;
            #[cfg(next_protocol)]
            super::growth::ask(owner, &super::growth::Made::Transport(raw, &opened));
            let transport = TransportHandle::from_raw(opened);
            behind = Some(TransportHandle::new(OwnedTransport { owner: attribution, record, transport }));
        }
        Ok(behind)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.owners()).finish()
    }
}

/// Who is named in the errors of a transport.
#[derive(Clone)]
struct Attribution {
    plugin: Identity,
    errors: HookErrors,
}

impl Attribution {
    /// The status for an invalid value of the plugin.
    #[cold]
    fn invalid_value(&self, reason: String) -> Status {
        let kind = HookErrorKind::InvalidValue(reason);
        self.status(FaultKind::Transport, HookError::new(self.plugin.clone(), CallSite::Transport, kind))
    }

    /// Names the plugin in an error, unless it passed the error on.
    #[cold]
    fn attribute(&self, status: Status) -> Status {
        let Some(error) = status.error() else {
            return match status.code.0 {
                0 => self.invalid_value("OK is not how a call fails".into()),
                _ => status,
            };
        };
        if error.upstream() == *HOST_ERROR || self.errors.passed_on(error).is_some() {
            return status;
        }
        let kind = status.fault_kind().unwrap_or(FaultKind::Transport);
        let error = HookErrorKind::Returned(error.clone());
        self.status(kind, HookError::new(self.plugin.clone(), CallSite::Transport, error))
    }

    fn status(&self, kind: FaultKind, error: HookError) -> Status {
        Status::fault(kind, self.errors.lend(error))
    }
}

/// A transport of a plugin; its errors name the plugin.
struct OwnedTransport {
    owner: Attribution,
    record: &'static CallRecord,
    transport: TransportHandle,
}

impl Transport for OwnedTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let _call = self.record.enter_watched_beside_host();
        self.transport.call(call).map_err(|status| self.owner.attribute(status))
    }
}

/// The transport behind a plugin, as the plugin calls it: the call is validated first.
struct ValidatedTransport {
    borrower: Attribution,
    transport: TransportHandle,
}

impl Transport for ValidatedTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let _host = calls::host_code();
        let valid = validate::path(call.path).and_then(|()| validate::metadata(&call.metadata));
        valid.map_err(|reason| self.borrower.invalid_value(reason))?;
        self.transport.call(call)
    }
}

/// Marks a status as the host's own, unless it is that of a plugin, so that it is not attributed to the
/// plugins that pass it on.
pub fn attributed(status: Status) -> Status {
    match status.error() {
        Some(error) if error.upstream() != 0 => status,
        _ => status.with_upstream(*HOST_ERROR),
    }
}
