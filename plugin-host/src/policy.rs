//! Cache policies with their owners: their functions are called long after the hook that returned them.

use std::time::Duration;

use plugin_abi::{CachePolicy, Hook, PluginError, VersionParameters};

use super::{
    HookError, HookErrors, Identity,
    calls::{CallLimit, CallRecord},
    error::CallSite,
};

/// Where errors of policies come from: plugins have no function of their own for each of them.
const CALL_SITE: CallSite = CallSite::Hook(Hook::GetDefaultCachePolicies);

/// Makes a policy's errors those of its owner, unless it passes on what it received. Other plugins may wrap
/// the policy, and its errors stay attributed.
pub(super) fn attribute_errors(policy: CachePolicy, owner: &Identity, errors: &HookErrors) -> CachePolicy {
    let (owner, errors) = (owner.clone(), errors.clone());
    let record = CallRecord::new(&owner, "in a cache policy", CallLimit::Hook);
    policy.hold_during_calls(|| record.enter_watched()).map_errors(move |error| {
        match errors.passed_on(&error) {
            Some(_) => error,
            None => errors.lend(errors.attribute(&owner, CALL_SITE, error)),
        }
    })
}

/// A policy of the chain; its errors name the plugin.
#[derive(Clone, Debug)]
pub struct Policy {
    policy: CachePolicy,
    /// The plugin that returned the policy to the host.
    owner: Identity,
    errors: HookErrors,
}

impl Policy {
    pub(super) fn new(policy: CachePolicy, owner: Identity, errors: HookErrors) -> Self {
        Self { policy, owner, errors }
    }

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
        self.policy.applies_to(parameters).map_err(|error| self.attribute(error))
    }

    /// Its version of a task.
    ///
    /// # Errors
    ///
    /// The error of the plugin that owns the policy.
    pub fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, HookError> {
        self.policy.get_version(salt, parameters).map_err(|error| self.attribute(error))
    }

    fn attribute(&self, error: PluginError) -> HookError {
        self.errors.attribute(&self.owner, CALL_SITE, error)
    }
}
