//! The hooks of plugins as `flyte-client`'s `Defaults`.

use std::time::Duration;

use flyte_client::register::{
    cache::{BoxError, CachePolicy, VersionParameters},
    defaults::Defaults,
};
use plugin_abi as abi;

use crate::app::process_exit::keep_until_exit;
use plugin_host::Chain;

/// The hooks of a chain that apply to registration, each called when a task needs it.
pub(super) struct Hooks<'a> {
    chain: &'a Chain,
}

impl<'a> Hooks<'a> {
    pub(super) fn new(chain: &'a Chain) -> Self {
        Self { chain }
    }
}

impl Defaults for Hooks<'_> {
    fn default_image(&self) -> Result<Option<String>, BoxError> {
        Ok(self.chain.get_default_image()?)
    }

    fn secret_requires_group(&self) -> Result<bool, BoxError> {
        Ok(self.chain.secret_requires_group()?)
    }

    fn cache_policies(&self) -> Result<Vec<Box<dyn CachePolicy>>, BoxError> {
        let policies = self.chain.get_default_cache_policies()?;
        keep_until_exit(&policies);
        Ok(policies.into_iter().map(|policy| Box::new(Policy { policy }) as Box<dyn CachePolicy>).collect())
    }
}

/// A plugin's policy.
struct Policy {
    policy: plugin_host::Policy,
}

impl CachePolicy for Policy {
    fn name(&self) -> String {
        self.policy.name().to_owned()
    }

    fn enable_cache(&self) -> bool {
        self.policy.is_enabled()
    }

    fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, BoxError> {
        Ok(self.policy.applies_to(&lower(parameters))?)
    }

    fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, BoxError> {
        Ok(self.policy.version(salt, &lower(parameters))?)
    }

    fn ttl(&self) -> Option<Duration> {
        self.policy.ttl()
    }
}

fn lower(parameters: &VersionParameters) -> abi::VersionParameters {
    abi::VersionParameters {
        task_name: parameters.task_name.clone(),
        task_type: parameters.task_type.clone(),
        container_image: parameters.container_image.clone(),
        pod_template_name: parameters.pod_template_name.clone(),
        pod_template: parameters.pod_template.clone(),
        command: parameters.command.clone(),
        arguments: parameters.arguments.clone(),
    }
}
