//! Cache policies with their owners: their functions are called long after the hook that returned them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plugin_abi::{CachePolicy, Hook, PluginError, VersionParameters};

use super::{
    HookError, Identity,
    error::{CallSite, HookErrorKind},
};

/// Errors of policies, by number: other plugins may wrap a policy, and its error stays attributed to its
/// owner.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyErrors(Arc<Mutex<Vec<HookError>>>);

impl PolicyErrors {
    /// Makes a policy's errors carry the number of the error that is attributed to its owner.
    pub(super) fn watch(&self, policy: CachePolicy, owner: &Identity) -> CachePolicy {
        let (faults, owner) = (self.clone(), owner.clone());
        policy
            .map_errors(move |error| if error.upstream() == 0 { faults.insert(&owner, error) } else { error })
    }

    fn insert(&self, owner: &Identity, error: PluginError) -> PluginError {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(attribute(owner.clone(), error.clone()));
        error.with_upstream(faults.len() as u64)
    }

    fn take(&self, error: PluginError) -> HookError {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = usize::try_from(error.upstream()).ok().and_then(|number| number.checked_sub(1));
        let known = known.and_then(|index| faults.get(index).cloned());
        let unknown = Identity { name: "?".to_owned(), version: String::new(), homepage: None };
        known.unwrap_or_else(|| attribute(unknown, error))
    }
}

fn attribute(plugin: Identity, error: PluginError) -> HookError {
    HookError::new(plugin, CallSite::Hook(Hook::GetDefaultCachePolicies), HookErrorKind::Returned(error))
}

/// A policy of the chain; its errors name the plugin.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) policy: CachePolicy,
    pub(super) faults: PolicyErrors,
}

impl Policy {
    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.policy.policy_name()
    }

    /// Whether it is switched on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.policy.is_enabled()
    }

    /// How long a result may be reused; `None`: without limit.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.policy.time_to_live()
    }

    /// Whether it applies to a task.
    ///
    /// # Errors
    ///
    /// The error of the plugin that owns the policy.
    pub fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, HookError> {
        self.policy.applies_to(parameters).map_err(|error| self.faults.take(error))
    }

    /// Its version of a task.
    ///
    /// # Errors
    ///
    /// The error of the plugin that owns the policy.
    pub fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, HookError> {
        self.policy.get_version(salt, parameters).map_err(|error| self.faults.take(error))
    }
}
