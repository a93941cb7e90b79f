//! The settings file, `host.toml`.

#![no_main]

use flyte_host::settings::Settings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = toml_edit::de::from_str::<Settings>(text).map_err(|error| error.to_string());
});
