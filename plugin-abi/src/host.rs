//! The host's services for a plugin.

use std::fmt;

use crate::{PluginError, vtable::HostArc};

/// The host's services. Cheap to clone; valid until the process ends; usable from any thread.
#[derive(Clone)]
pub struct Host {
    raw: HostArc,
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Always shown.
    Error = 1,
    /// Always shown.
    Warn = 2,
    /// Shown with `-v`.
    Info = 3,
    /// Shown with `-vv`.
    Debug = 4,
    /// Shown with `-vvv`.
    Trace = 5,
}

impl Host {
    /// Converts from the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: HostArc) -> Self {
        Self { raw }
    }

    /// The program that loaded the plugin, such as `flyte-host`.
    #[must_use]
    pub fn name(&self) -> String {
        self.raw.name().into()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> String {
        self.raw.version().into()
    }

    /// The protocol that it speaks, as `MAJOR.MINOR`.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.raw.protocol().into()
    }

    /// The plugin's own section of the host's settings: `[plugin.NAME]` in `~/.flyte/host.toml`.
    ///
    /// An empty object if there is no such section.
    ///
    /// # Errors
    ///
    /// Only if the host violates the protocol.
    pub fn config(&self) -> Result<serde_json::Value, PluginError> {
        serde_json::from_str(&self.raw.config()).map_err(|error| {
            PluginError::new("the host's settings for this plugin are not JSON").caused_by(error)
        })
    }

    /// Writes a line to the host's log (stderr), labelled with the plugin's name. A line that is not printed
    /// costs one call and is not formatted. Of a long text the first 16 KiB are printed; further lines of it
    /// are indented.
    ///
    /// # Example: a line that explains
    ///
    /// ```
    /// # let host = plugin_abi::testing::host("acme");
    /// host.log(plugin_abi::LogLevel::Info, format_args!("using the staging endpoint"));
    /// ```
    pub fn log(&self, level: LogLevel, line: fmt::Arguments<'_>) {
        if self.raw.log_enabled(level as u32) {
            self.raw.log(level as u32, line.to_string().as_str().into());
        }
    }

    /// The number of methods beyond protocol 1.0 that the host's services have.
    #[cfg(next_protocol)]
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.raw.revision()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name()).field("version", &self.version()).finish()
    }
}
