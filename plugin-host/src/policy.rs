//! A cache policy with its owner: its functions are called long after the hook that returned it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plugin_abi::{CachePolicy, Hook, PluginError, VersionParameters};

use super::{
    HookError, Identity,
    error::{CallSite, HookErrorKind},
};

/// Faults of policies, by number: a policy may be wrapped by any number of other plugins, and whoever
/// failed stays to blame.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyErrors(Arc<Mutex<Vec<HookError>>>);

impl PolicyErrors {
    /// Lets a policy's errors carry its owner's number.
    pub(super) fn watch(&self, policy: CachePolicy, owner: &Identity) -> CachePolicy {
        let (faults, owner) = (self.clone(), owner.clone());
        policy.map_errors(move |error| if error.upstream() == 0 { faults.note(&owner, error) } else { error })
    }

    fn note(&self, owner: &Identity, error: PluginError) -> PluginError {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(blame(owner.clone(), error.clone()));
        error.with_upstream(faults.len() as u64)
    }

    fn find(&self, error: PluginError) -> HookError {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = usize::try_from(error.upstream()).ok().and_then(|number| number.checked_sub(1));
        let known = known.and_then(|index| faults.get(index).cloned());
        let nobody = Identity { name: "?".to_owned(), version: String::new(), homepage: None };
        known.unwrap_or_else(|| blame(nobody, error))
    }
}

fn blame(plugin: Identity, error: PluginError) -> HookError {
    HookError::new(plugin, CallSite::Hook(Hook::GetDefaultCachePolicies), HookErrorKind::Returned(error))
}

/// A policy of the chain, whose failures name the plugin.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) policy: CachePolicy,
    pub(super) faults: PolicyErrors,
}

impl Policy {
    /// For messages; as the author wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.policy.policy_name()
    }

    /// Whether it counts at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.policy.is_enabled()
    }

    /// For how long a result may be reused; `None` is for ever.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.policy.time_to_live()
    }

    /// Whether it applies to a task.
    ///
    /// # Errors
    ///
    /// The fault of the plugin whose policy it is.
    pub fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, HookError> {
        self.policy.applies_to(parameters).map_err(|error| self.faults.find(error))
    }

    /// Its version of a task.
    ///
    /// # Errors
    ///
    /// The fault of the plugin whose policy it is.
    pub fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, HookError> {
        self.policy.get_version(salt, parameters).map_err(|error| self.faults.find(error))
    }
}
