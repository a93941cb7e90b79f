//! The host's services, available to a plugin until the process ends.

use abi_stable::std_types::{RArc, RStr, RString};

interface! {
    /// The host's services; made by the host, kept by the plugin.
    pub trait HostServices: [Send + Sync + Clone] {
        /// The program's name, such as `flyte-host`.
        fn name(&self) -> RString;
        /// The program's version.
        fn version(&self) -> RString;
        /// The protocol that the host speaks, as `MAJOR.MINOR`.
        fn protocol(&self) -> RString;
        /// The plugin's own section of the host's settings, as JSON; `{}` when there is none.
        fn config(&self) -> RString;
        /// Whether a message of this level would be printed. 1 error, 2 warning, 3 info, 4 debug, 5 trace.
        fn log_enabled(&self, level: u32) -> bool;
        /// Writes to the host's log, under the plugin's name.
        #[sabi(last_prefix_field)]
        fn log(&self, level: u32, message: RStr<'_>);
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// The services, reference-counted.
pub type HostArc = HostServices_TO<'static, RArc<()>>;
