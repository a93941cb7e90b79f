//! `get_default_cache_policies`: flytekit's `CachePolicy`.

use std::{fmt, sync::Arc, time::Duration};

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{ROption, RStr, RString, RVec},
};

use crate::{
    PluginError,
    adapter::CatchDrop,
    error::{optional_into_raw, result_from_raw, strings_from_raw, strings_into_raw},
    panics,
    vtable::{self, AbiResult, CachePolicy_TO, CachePolicyBox, VersionParameters_TO, VersionParametersRef},
};

/// The parameters of a cache policy: flytekit's `VersionParameters`, with the task in place of the Python
/// function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionParameters {
    /// Name of the task, such as `acme.train`.
    pub task_name: String,
    /// Flyte's task type, such as `raw-container` or `python-task`.
    pub task_type: String,
    /// The task's image, after the default was filled in.
    pub container_image: Option<String>,
    /// Name of the pod template that the task refers to.
    pub pod_template_name: Option<String>,
    /// The task's own pod specification, as JSON.
    pub pod_template: Option<String>,
    /// The container's command.
    pub command: Vec<String>,
    /// The container's arguments.
    pub arguments: Vec<String>,
}

impl VersionParameters {
    fn from_raw(raw: &VersionParametersRef<'_>) -> Self {
        let text = |value: ROption<RString>| value.into_option().map(String::from);
        Self {
            task_name: raw.task_name().into(),
            task_type: raw.task_type().into(),
            container_image: text(raw.container_image()),
            pod_template_name: text(raw.pod_template_name()),
            pod_template: text(raw.pod_template()),
            command: strings_from_raw(raw.command()),
            arguments: strings_from_raw(raw.arguments()),
        }
    }

    fn as_raw(&self) -> VersionParametersRef<'_> {
        VersionParameters_TO::from_ptr(RRef::new(self), TD_Opaque)
    }
}

impl vtable::VersionParameters for VersionParameters {
    fn task_name(&self) -> RString {
        self.task_name.as_str().into()
    }
    fn task_type(&self) -> RString {
        self.task_type.as_str().into()
    }
    fn container_image(&self) -> ROption<RString> {
        optional_into_raw(self.container_image.as_deref())
    }
    fn pod_template_name(&self) -> ROption<RString> {
        optional_into_raw(self.pod_template_name.as_deref())
    }
    fn pod_template(&self) -> ROption<RString> {
        optional_into_raw(self.pod_template.as_deref())
    }
    fn command(&self) -> RVec<RString> {
        strings_into_raw(&self.command)
    }
    fn arguments(&self) -> RVec<RString> {
        strings_into_raw(&self.arguments)
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

type Version = dyn Fn(&str, &VersionParameters) -> Result<String, PluginError> + Send + Sync;
type Condition = dyn Fn(&VersionParameters) -> Result<bool, PluginError> + Send + Sync;

/// One default cache policy: when a task's results may be reused, and under which version.
///
/// The host combines the policies that apply to a task as flytekit does: their versions are
/// concatenated in order and hashed with SHA-256; one policy is hashed in the same way. A version
/// that the task itself names wins, as it is.
///
/// # Example: cache everything for an hour
///
/// ```
/// use std::time::Duration;
/// use plugin_abi::CachePolicy;
///
/// let policy = CachePolicy::fixed("v1").ttl(Duration::from_secs(3600));
/// assert_eq!(policy.get_version("salt", &Default::default()).unwrap(), "v1");
/// ```
#[derive(Clone)]
#[must_use]
pub struct CachePolicy {
    name: String,
    enable_cache: bool,
    version: Arc<Version>,
    condition: Option<Arc<Condition>>,
    ttl: Option<Duration>,
}

impl CachePolicy {
    /// A policy with one version for all tasks: the seed's `CachePolicy(cache_version="v1")`.
    pub fn fixed(version: impl Into<String>) -> Self {
        let version = version.into();
        Self::computed(move |_, _| Ok(version.clone()))
    }

    /// A policy that computes a version: flytekit's `get_version(salt, params)`.
    pub fn computed(
        version: impl Fn(&str, &VersionParameters) -> Result<String, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let version = CatchDrop::new(version);
        Self {
            name: "unnamed policy".to_owned(),
            enable_cache: true,
            version: Arc::new(move |salt, parameters| version(salt, parameters)),
            condition: None,
            ttl: None,
        }
    }

    /// Names the policy in messages.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With `false` the policy is skipped, as if it were not in the list.
    pub fn enable_cache(mut self, enable: bool) -> Self {
        self.enable_cache = enable;
        self
    }

    /// How long a result may be reused, in whole milliseconds. Without it, results do not expire.
    ///
    /// Honoured by the embedded sandbox. Flyte 1 clusters ignore it: their task type has no such field.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Restricts the policy to tasks for which `condition` is true. Without it, it applies to all.
    pub fn when(self, condition: impl Fn(&VersionParameters) -> bool + Send + Sync + 'static) -> Self {
        self.when_ok(move |parameters| Ok(condition(parameters)))
    }

    fn when_ok(
        mut self,
        condition: impl Fn(&VersionParameters) -> Result<bool, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let condition = CatchDrop::new(condition);
        self.condition = Some(Arc::new(move |parameters| condition(parameters)));
        self
    }

    /// The name set with [`CachePolicy::name`].
    #[must_use]
    pub fn policy_name(&self) -> &str {
        &self.name
    }

    /// Whether the policy is enabled: see [`CachePolicy::enable_cache`].
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enable_cache
    }

    /// How long a result may be reused; `None`: results do not expire.
    #[must_use]
    pub fn time_to_live(&self) -> Option<Duration> {
        self.ttl
    }

    /// Whether the policy applies to a task.
    ///
    /// # Errors
    ///
    /// When the policy belongs to a plugin further down the chain, and fails.
    pub fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, PluginError> {
        self.condition.as_ref().map_or(Ok(true), |condition| condition(parameters))
    }

    /// The policy's version of a task.
    ///
    /// # Errors
    ///
    /// The error of the author's function.
    pub fn get_version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, PluginError> {
        (self.version)(salt, parameters)
    }

    /// Passes the errors of the policy's functions through `map`.
    #[doc(hidden)]
    pub fn map_errors(self, map: impl Fn(PluginError) -> PluginError + Send + Sync + 'static) -> Self {
        let map = Arc::new(map);
        let (version, map_version) = (Arc::clone(&self.version), Arc::clone(&map));
        let condition = self.condition.map(|condition| -> Arc<Condition> {
            Arc::new(move |parameters| condition(parameters).map_err(|error| map(error)))
        });
        let version: Arc<Version> =
            Arc::new(move |salt, parameters| version(salt, parameters).map_err(|error| map_version(error)));
        Self { version, condition, ..self }
    }

    /// Holds a value of `enter` during each call of the policy's functions.
    #[doc(hidden)]
    pub fn hold_during_calls<G: 'static>(self, enter: impl Fn() -> G + Send + Sync + 'static) -> Self {
        let enter = Arc::new(enter);
        let (version, enter_version) = (Arc::clone(&self.version), Arc::clone(&enter));
        let condition = self.condition.map(|condition| -> Arc<Condition> {
            Arc::new(move |parameters| {
                let _held = enter();
                condition(parameters)
            })
        });
        let version: Arc<Version> = Arc::new(move |salt, parameters| {
            let _held = enter_version();
            version(salt, parameters)
        });
        Self { version, condition, ..self }
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> CachePolicyBox {
        CachePolicy_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type.
    #[doc(hidden)]
    pub fn from_raw(raw: CachePolicyBox) -> Self {
        let (name, enable_cache) = (raw.name().into(), raw.enable_cache());
        let ttl = raw.ttl().into_option().map(Duration::from_millis);
        let raw = Arc::new(raw);
        let other = Arc::clone(&raw);
        let policy = Self::computed(move |salt, parameters| {
            result_from_raw(raw.get_version(RStr::from_str(salt), parameters.as_raw())).map(String::from)
        });
        Self { name, enable_cache, ttl, ..policy }
            .when_ok(move |parameters| result_from_raw(other.applies_to(parameters.as_raw())))
    }
}

impl fmt::Debug for CachePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePolicy")
            .field("name", &self.name)
            .field("enable_cache", &self.enable_cache)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl vtable::CachePolicy for CachePolicy {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }
    fn enable_cache(&self) -> bool {
        self.enable_cache
    }
    fn applies_to(&self, parameters: VersionParametersRef<'_>) -> AbiResult<bool> {
        panics::guard(|| self.applies_to(&VersionParameters::from_raw(&parameters)))
    }
    fn get_version(&self, salt: RStr<'_>, parameters: VersionParametersRef<'_>) -> AbiResult<RString> {
        panics::guard(|| {
            self.get_version(salt.as_str(), &VersionParameters::from_raw(&parameters)).map(RString::from)
        })
    }
    fn ttl(&self) -> ROption<u64> {
        self.ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
