//! Attributes an error to the plugin that caused it, through however many plugins pass it on.

use std::sync::Arc;

use plugin_abi::PluginError;

use super::{
    HookError, Identity,
    error::{CallSite, HookErrorKind},
    handle_table::HandleTable,
};

/// The errors of a chain that plugins received, in whatever function.
///
/// A plugin may keep such an error, and return it from another hook, policy, callback, command or transport,
/// or from a later call: its number leads back to what it was. Clones share the errors.
#[derive(Clone, Debug, Default)]
pub struct HookErrors(Arc<HandleTable<HookError>>);

impl HookErrors {
    /// Converts an error for a plugin, and keeps it.
    #[cold]
    pub(super) fn lend(&self, error: HookError) -> PluginError {
        let seen = PluginError::new(&error).with_causes(error.causes());
        let seen = error.hints().into_iter().fold(seen, PluginError::hint);
        seen.with_upstream(self.0.insert(error))
    }

    /// The error that a plugin passed on; `None` for one of the plugin's own, and for one of another chain.
    #[must_use]
    pub fn passed_on(&self, error: &PluginError) -> Option<HookError> {
        match error.upstream() {
            0 => None,
            number => self.0.get(number),
        }
    }

    /// The error that a plugin's function returned: what it passed on, or an error of the plugin itself.
    #[cold]
    pub(super) fn attribute(&self, plugin: &Identity, call_site: CallSite, error: PluginError) -> HookError {
        self.passed_on(&error)
            .unwrap_or_else(|| HookError::new(plugin.clone(), call_site, HookErrorKind::Returned(error)))
    }
}
