//! Cache policies: flytekit's `CachePolicy` and `VersionParameters`.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RStr, RString, RVec},
};

use super::AbiResult;

interface! {
    /// The parameters of a cache policy. flytekit passes the Python function; a native host passes the task.
    pub trait VersionParameters: [Send + Sync] {
        fn task_name(&self) -> RString;
        /// Flyte's task type, such as `raw-container`.
        fn task_type(&self) -> RString;
        fn container_image(&self) -> ROption<RString>;
        fn pod_template_name(&self) -> ROption<RString>;
        /// The Kubernetes pod specification as JSON.
        fn pod_template(&self) -> ROption<RString>;
        fn command(&self) -> RVec<RString>;
        #[sabi(last_prefix_field)]
        fn arguments(&self) -> RVec<RString>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// Parameters that are borrowed for one call.
pub type VersionParametersRef<'a> = VersionParameters_TO<'a, RRef<'a, ()>>;

interface! {
    /// One default cache policy.
    pub trait CachePolicy: [Send + Sync] {
        /// For messages only.
        fn name(&self) -> RString;
        /// `false`: the policy is skipped, as if it were not in the list.
        fn enable_cache(&self) -> bool;
        fn applies_to(&self, parameters: VersionParametersRef<'_>) -> AbiResult<bool>;
        fn get_version(&self, salt: RStr<'_>, parameters: VersionParametersRef<'_>) -> AbiResult<RString>;
        /// Milliseconds for which a result may be reused.
        #[sabi(last_prefix_field)]
        fn ttl(&self) -> ROption<u64>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A policy that its receiver owns.
pub type CachePolicyBox = CachePolicy_TO<'static, RBox<()>>;
