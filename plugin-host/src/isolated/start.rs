//! The first call: what the child needs to load the plugin, and how that went.

use std::path::PathBuf;

use plugin_abi::vtable::{FaultBox, HooksBox, HostArc};
use serde::{Deserialize, Serialize};

use super::{carry::Carry, settings::Isolation};

/// The argument that makes this program the process of a plugin.
pub(super) const CHILD_ARGUMENT: &str = "--isolated-plugin";
/// The number of the object that is called first.
pub(super) const STARTER: u64 = u64::MAX;

/// What the child loads.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) passport: Vec<(String, String)>,
    pub(super) isolation: Isolation,
    pub(super) host: Option<<HostArc as Carry>::Wire>,
}

/// The created plugin, or the error of its `create`.
#[derive(Serialize, Deserialize)]
pub(super) struct StartAnswer {
    /// What this system lacks of the isolation, one line each.
    pub(super) missing: Vec<String>,
    pub(super) hooks: Result<<HooksBox as Carry>::Wire, <FaultBox as Carry>::Wire>,
}
