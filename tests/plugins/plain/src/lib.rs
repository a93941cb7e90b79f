//! A plugin that overrides nothing.

#![forbid(unsafe_code)]

use plugin_abi::{Host, Plugin, PluginError};

/// Passes everything on.
#[derive(Debug)]
pub struct Plain;

#[plugin_abi::export(name = "plain")]
impl Plugin for Plain {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
