//! The host's services for a plugin: name, version, settings, log.

use crate::calls;
use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{RArc, RStr, RString},
};
use plugin_abi::{
    PROTOCOL,
    limit::limit_text,
    vtable::{HostArc, HostServices, HostServices_TO},
};

/// The beginning of the log target of a plugin; the space keeps it apart from the paths of modules.
const LOG_TARGET: &str = "plugin ";

/// The plugin that wrote a log record, from the record's target; `None` if other code wrote it.
#[must_use]
pub fn logging_plugin(target: &str) -> Option<&str> {
    target.strip_prefix(LOG_TARGET)
}

/// The services of one plugin.
#[derive(Clone)]
struct Services {
    program: &'static str,
    log_target: String,
    config: String,
}

/// Makes the services of one plugin.
pub(super) fn services(plugin: &str, program: &'static str, config: &serde_json::Value) -> HostArc {
    let config = if config.is_null() { "{}".to_owned() } else { config.to_string() };
    let services = Services { program, log_target: format!("{LOG_TARGET}{plugin}"), config };
    HostServices_TO::from_ptr(RArc::new(services), TD_Opaque)
}

impl HostServices for Services {
    fn name(&self) -> RString {
        self.program.into()
    }

    fn version(&self) -> RString {
        env!("CARGO_PKG_VERSION").into()
    }

    fn protocol(&self) -> RString {
        PROTOCOL.to_string().into()
    }

    fn config(&self) -> RString {
        self.config.as_str().into()
    }

    fn log_enabled(&self, level: u32) -> bool {
        log::log_enabled!(target: &self.log_target, log_level(level))
    }

    fn log(&self, level: u32, message: RStr<'_>) {
        let _end = calls::end_on_panic();
        log::log!(target: &self.log_target, log_level(level), "{}", limit_text(message.as_str()));
    }

    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// Unknown levels, of a later protocol, count as trace.
fn log_level(level: u32) -> log::Level {
    match level {
        1 => log::Level::Error,
        2 => log::Level::Warn,
        3 => log::Level::Info,
        4 => log::Level::Debug,
        _ => log::Level::Trace,
    }
}
