//! `[isolation.NAME]`: what a plugin may do in a process of its own.
//!
//! Not in `[plugin.NAME]`: that table is the plugin's own, which the host does not read, and which is given
//! to it whole.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use plugin_host::isolated::{Isolation, Isolations};
use serde::Deserialize;

/// One table `[isolation.NAME]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct IsolationSettings {
    /// Whether the plugin runs in a process of its own, also without `--isolate`.
    isolate: bool,
    network: bool,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    /// In MiB.
    memory: Option<u64>,
    /// In seconds.
    cpu: Option<u64>,
    /// In seconds.
    timeout: Option<u64>,
    restarts: Option<u32>,
}

impl IsolationSettings {
    /// Whether the plugin runs in a process of its own, also without `--isolate`.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.isolate
    }

    fn isolation(&self, home: Option<&Path>) -> Isolation {
        let mut isolation = Isolation::default();
        isolation.network = self.network;
        isolation.read = self.read.iter().map(|path| expanded(path, home)).collect();
        isolation.write = self.write.iter().map(|path| expanded(path, home)).collect();
        isolation.memory =
            self.memory.map_or(isolation.memory, |mebibytes| mebibytes.saturating_mul(1 << 20));
        isolation.cpu = self.cpu.map_or(isolation.cpu, Duration::from_secs);
        isolation.timeout = self.timeout.map_or(isolation.timeout, Duration::from_secs);
        isolation.restarts = self.restarts.unwrap_or(isolation.restarts);
        isolation
    }
}

/// The plugins that run in processes of their own; `all` of them after `--isolate`.
#[must_use]
pub fn isolations(
    tables: &BTreeMap<String, IsolationSettings>,
    all: bool,
    home: Option<&Path>,
) -> Isolations {
    let plugins = tables.iter().map(|(name, table)| (name.clone(), (table.isolate, table.isolation(home))));
    Isolations { all, plugins: plugins.collect(), ..Isolations::default() }
}

/// A path that may begin with `~`.
fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
