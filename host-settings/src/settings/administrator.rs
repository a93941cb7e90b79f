//! The administrator's settings, which users cannot undo: `/etc/flyte/host.toml`.
//!
//! ```toml
//! [isolation.acme]   # or ["*"] for all plugins; the keys are those of the user's file
//! isolate = true
//!
//! [pin.acme]         # the only content that a plugin of this name may have
//! sha256 = "5d41402abc4b2a76…"
//!
//! [trust]            # the keys are those of the user's file
//! allow-keys = ["RWQf6LRC…"]
//!
//! [[repositories]]   # in front of the user's
//! name = "acme"
//! url = "https://plugins.acme.example/flyte"
//! ```
//!
//! `require = ["acme"]` adds plugins to every selection, also to that of `--no-plugins`.
//!
//! No option or variable moves the file: the user could then leave it out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use plugin_host::Pin;
use serde::Deserialize;

#[cfg(target_os = "linux")]
use super::isolation::IsolationTables;
use super::{
    pin::{PinSetting, pins},
    trust::{RepositorySetting, TrustSettings},
};

static FILE: OnceLock<PathBuf> = OnceLock::new();

/// What the administrator requires.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdministratorSettings {
    #[cfg(target_os = "linux")]
    /// The upper bound of the rights of isolated plugins.
    pub isolation: IsolationTables,
    pin: BTreeMap<String, PinSetting>,
    /// Where plugins are installed from, in front of the user's repositories.
    pub repositories: Vec<RepositorySetting>,
    /// Plugins that are always used, behind those that the user selects.
    pub require: Vec<String>,
    /// Whose plugins may be loaded.
    pub trust: TrustSettings,
}

/// Sets another file; for programs that are no commands of users, such as tests. Call it first in `main`.
pub fn set_administrator_file(path: PathBuf) {
    // A second path is ignored.
    let _ = FILE.set(path);
}

/// The file, which need not exist.
#[must_use]
pub fn administrator_file() -> &'static Path {
    FILE.get_or_init(|| PathBuf::from("/etc/flyte/host.toml"))
}

impl AdministratorSettings {
    /// The content that plugins must have, by their names.
    #[must_use]
    pub fn pins(&self) -> BTreeMap<String, Pin> {
        pins(&self.pin)
    }
}
