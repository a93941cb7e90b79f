//! Default cache policies, combined as flytekit combines them.
//!
//! Source: `Cache` in `flytekit/core/cache.py`. The versions of the policies are joined in order, without a
//! separator, and hashed with SHA-256 (lower-case hex), also where there is only one. The salt goes to the
//! policies and is not hashed on its own. A version that the task states is used as it is, and no policy is
//! asked.
//!
//! Beyond flytekit, a policy may switch itself off (`enable_cache`), hold for some tasks only (`applies_to`),
//! and limit how long a result lives (`ttl`); and policies also apply to a task that says nothing about
//! caching.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::proto::core::{TaskTemplate, task_template::Target};
use crate::proto::struct_value;

/// An error of a plugin or another implementation.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The key of `TaskMetadata.tags` under which the time to live is kept, as a proto3 JSON duration such as
/// `3600s`.
///
/// Flyte 1 has no field for it: our sandbox enforces the tag, a cluster ignores it.
pub const TTL_TAG: &str = "flyte-host.cache-ttl";

/// A rule by which results are reused.
pub trait CachePolicy {
    /// How messages call the policy.
    fn name(&self) -> String;

    /// Whether the policy is in force; one that is not counts as absent.
    fn enable_cache(&self) -> bool {
        true
    }

    /// Whether the policy holds for a task.
    ///
    /// # Errors
    ///
    /// If the policy cannot tell.
    fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, BoxError>;

    /// The policy's part of the version.
    ///
    /// # Errors
    ///
    /// If the policy has none for this task.
    fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, BoxError>;

    /// How long a result may be reused; `None` sets no limit.
    fn ttl(&self) -> Option<Duration> {
        None
    }
}

/// What a policy may look at: what is known of a container task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionParameters {
    /// The task's name.
    pub task_name: String,
    /// The task's type, such as `raw-container`.
    pub task_type: String,
    /// The image that will run, after defaults were applied.
    pub container_image: Option<String>,
    /// The name of a pod template of the cluster.
    pub pod_template_name: Option<String>,
    /// The task's own pod, as JSON with sorted keys.
    pub pod_template: Option<String>,
    /// The command, placeholders unfilled.
    pub command: Vec<String>,
    /// The arguments, placeholders unfilled.
    pub arguments: Vec<String>,
}

impl VersionParameters {
    /// Collects what a template tells.
    pub fn from_template(template: &TaskTemplate) -> Self {
        let named = |name: &String| Some(name.clone()).filter(|name| !name.is_empty());
        let mut parameters = VersionParameters {
            task_name: template.id.as_ref().map(|id| id.name.clone()).unwrap_or_default(),
            task_type: template.r#type.clone(),
            pod_template_name: template
                .metadata
                .as_ref()
                .and_then(|metadata| named(&metadata.pod_template_name)),
            ..VersionParameters::default()
        };
        match &template.target {
            Some(Target::Container(container)) => {
                parameters.container_image = named(&container.image);
                parameters.command.clone_from(&container.command);
                parameters.arguments.clone_from(&container.args);
            }
            Some(Target::K8sPod(pod)) => {
                let json = pod.pod_spec.as_ref().map(|spec| struct_value::to_json(spec).to_string());
                parameters.pod_template = json;
            }
            _ => {}
        }
        parameters
    }
}

/// What a task says about caching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caching {
    /// It refuses it; nothing overrides that.
    Off,
    /// It asks for it.
    On {
        /// The version that it states.
        version: Option<String>,
        /// A text for the policies.
        salt: String,
    },
    /// Nothing.
    Unstated,
}

/// A version that policies made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// SHA-256 of the joined versions, in lower-case hex.
    pub version: String,
    /// The policies that applied, in order.
    pub policies: Vec<String>,
    /// The smallest time to live among them.
    pub ttl: Option<Duration>,
}

/// Why a task cannot be cached as it asks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Caching is asked for, with no version and no policy to make one.
    #[error("task `{task}` asks for caching, but has no version and no cache policy applies to it")]
    NoVersion {
        /// The task's name.
        task: String,
    },
    /// A policy failed.
    #[error("cache policy `{policy}` has no answer for task `{task}`")]
    Policy {
        /// The policy's name.
        policy: String,
        /// The task's name.
        task: String,
        /// What the policy said.
        source: BoxError,
    },
}

impl CacheError {
    /// What the reader can do now.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            CacheError::NoVersion { .. } => {
                "state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies"
                    .to_owned()
            }
            CacheError::Policy { .. } => {
                "state a version on the task, such as `cache: {version: v1}`".to_owned()
            }
        })
    }
}

/// Combines the policies for a task that states no version; `None` if it is not to be cached.
///
/// # Errors
///
/// If `caching` asks for a version that no policy can make, or if a policy fails.
pub fn combine(
    caching: &Caching,
    parameters: &VersionParameters,
    policies: &[Box<dyn CachePolicy>],
) -> Result<Option<PolicyVersion>, CacheError> {
    let (salt, required) = match caching {
        Caching::Off | Caching::On { version: Some(_), .. } => return Ok(None),
        Caching::On { version: None, salt } => (salt.as_str(), true),
        Caching::Unstated => ("", false),
    };
    let mut joined = String::new();
    let mut made = PolicyVersion { version: String::new(), policies: Vec::new(), ttl: None };
    for policy in policies.iter().filter(|policy| policy.enable_cache()) {
        let failed =
            |source| CacheError::Policy { policy: policy.name(), task: parameters.task_name.clone(), source };
        if !policy.applies_to(parameters).map_err(failed)? {
            continue;
        }
        joined.push_str(&policy.version(salt, parameters).map_err(failed)?);
        made.policies.push(policy.name());
        made.ttl = made.ttl.into_iter().chain(policy.ttl()).min();
    }
    if made.policies.is_empty() {
        let task = parameters.task_name.clone();
        return if required { Err(CacheError::NoVersion { task }) } else { Ok(None) };
    }
    made.version = hex(&Sha256::digest(joined));
    Ok(Some(made))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// A duration in proto3 JSON form: seconds with 0, 3, 6 or 9 decimals and an `s`.
pub fn duration_to_json(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match nanos {
        0 => format!("{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{seconds}.{nanos:09}s"),
    }
}
