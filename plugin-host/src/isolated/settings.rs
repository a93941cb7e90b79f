//! Which plugins are isolated, and what they may do.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// What an isolated plugin may do. It may always read its own folder, the system's libraries and the files
/// that those read at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Isolation {
    /// Whether it may open network connections and sockets.
    pub network: bool,
    /// Files and folders that it may read, besides.
    pub read: Vec<PathBuf>,
    /// Files and folders that it may read and write.
    pub write: Vec<PathBuf>,
    /// Variables that it may read although their names are those of secrets.
    pub environment: Vec<String>,
    /// How much memory it may fill, in bytes.
    pub memory: u64,
    /// How much CPU time it may use.
    pub cpu: Duration,
    /// How long a hook, a callback or `create` may take; not commands and calls to Flyte.
    pub timeout: Duration,
    /// How often its process is started again after it ended.
    pub restarts: u32,
    /// Where these settings are changed, for hints: "`[isolation.acme]` of `/etc/flyte/host.toml`".
    pub source: Option<String>,
}

impl Default for Isolation {
    fn default() -> Self {
        Self {
            network: false,
            read: Vec::new(),
            write: Vec::new(),
            environment: Vec::new(),
            memory: 1 << 30,
            cpu: Duration::from_secs(600),
            timeout: Duration::from_secs(60),
            restarts: 3,
            source: None,
        }
    }
}

/// Which plugins run in a process of their own.
#[derive(Clone, Debug, Default)]
pub struct Isolations {
    /// Whether all of them do.
    pub all: bool,
    /// The settings of a plugin by its name, and whether it runs in a process of its own.
    pub plugins: BTreeMap<String, (bool, Isolation)>,
    /// The settings of a plugin that has none of its own.
    pub default: Isolation,
    /// The program that is started for a plugin; `None`: this one. It calls
    /// [`child_main`](super::child_main).
    pub program: Option<PathBuf>,
}

impl Isolations {
    /// The settings of a plugin; `None` if it runs in this process.
    #[must_use]
    pub fn get(&self, plugin: &str) -> Option<&Isolation> {
        match self.plugins.get(plugin) {
            Some((isolated, isolation)) => (self.all || *isolated).then_some(isolation),
            None => self.all.then_some(&self.default),
        }
    }
}
