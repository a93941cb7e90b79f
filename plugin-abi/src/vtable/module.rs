//! The root module of a plugin's library, reached through `flyte_plugin_header_1`.

use abi_stable::{StableAbi, library::RootModule, sabi_types::VersionStrings, std_types::RStr};

use super::{AbiResult, HooksBox, HostArc};

/// The root module: the first value that the host reads from a loaded library.
///
/// The only record in the protocol; it is a prefix type, so that it may grow like an interface.
#[cfg(not(next_protocol))]
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PluginModule {
    /// The text of the passport, for comparison with the one in the file.
    pub passport: RStr<'static>,
    /// Creates the plugin. Called once for each chain that the plugin is part of: usually once in a process.
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(host: HostArc) -> AbiResult<HooksBox>,
}

/// The root module one minor version ahead, for the growth tests.
#[cfg(next_protocol)]
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(option))]
pub struct PluginModule {
    /// The text of the passport, for comparison with the one in the file.
    pub passport: RStr<'static>,
    /// Creates the plugin. Called once for each chain that the plugin is part of: usually once in a process.
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(host: HostArc) -> AbiResult<HooksBox>,
    /// Absent from a plugin of protocol 1.0.
    pub revision: extern "C" fn() -> u32,
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}
    const BASE_NAME: &'static str = "flyte_plugin";
    const NAME: &'static str = "flyte_plugin";
    // The symbols and the passport decide which versions go together; abi_stable compares the major number
    // again.
    const VERSION_STRINGS: VersionStrings = VersionStrings { version: RStr::from_str("1.0.0") };
}
