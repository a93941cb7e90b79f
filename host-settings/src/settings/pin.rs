//! `[pin.NAME]`: the content that a plugin's file must have.

use std::collections::BTreeMap;

use plugin_host::Pin;
use serde::Deserialize;

/// A [`Pin`] in a settings file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinSetting {
    sha256: String,
    #[serde(default)]
    stamp: String,
}

pub(super) fn pins(settings: &BTreeMap<String, PinSetting>) -> BTreeMap<String, Pin> {
    let pin = |pin: &PinSetting| Pin { sha256: pin.sha256.clone(), stamp: pin.stamp.clone() };
    settings.iter().map(|(spec, setting)| (spec.clone(), pin(setting))).collect()
}
