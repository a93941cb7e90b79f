//! `[isolation.NAME]`: what a plugin may do in a process of its own. `[isolation."*"]` is for the plugins
//! without a table.
//!
//! Not in `[plugin.NAME]`: that table is the plugin's own, which the host does not read, and which is given
//! to it whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use plugin_host::isolated::{Isolation, Isolations};
use serde::Deserialize;

/// The name of the table for all plugins without one.
const ALL: &str = "*";

/// The tables of one file, by the plugin's name.
pub type IsolationTables = BTreeMap<String, IsolationSettings>;

/// One table `[isolation.NAME]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct IsolationSettings {
    /// Whether the plugin runs in a process of its own, also without `--isolate`.
    isolate: bool,
    network: Option<bool>,
    read: Option<Vec<PathBuf>>,
    write: Option<Vec<PathBuf>>,
    /// Variables with names of secrets.
    environment: Option<Vec<String>>,
    /// In MiB; 0 for no limit.
    memory: Option<u64>,
    /// In seconds.
    cpu: Option<u64>,
    /// In seconds.
    timeout: Option<u64>,
    restarts: Option<u32>,
}

impl IsolationSettings {
    /// The rights of this table; `base` has those of keys that are not set.
    fn isolation(&self, base: &Isolation, home: Option<&Path>) -> Isolation {
        let paths = |paths: &Vec<PathBuf>| paths.iter().map(|path| expanded(path, home)).collect();
        let mut isolation = base.clone();
        isolation.network = self.network.unwrap_or(base.network);
        isolation.read = self.read.as_ref().map_or_else(|| base.read.clone(), paths);
        isolation.write = self.write.as_ref().map_or_else(|| base.write.clone(), paths);
        isolation.environment = self.environment.clone().unwrap_or_else(|| base.environment.clone());
        isolation.memory = self.memory.map_or(base.memory, |mebibytes| mebibytes.saturating_mul(1 << 20));
        isolation.cpu = self.cpu.map_or(base.cpu, Duration::from_secs);
        isolation.timeout = self.timeout.map_or(base.timeout, Duration::from_secs);
        isolation.restarts = self.restarts.unwrap_or(base.restarts);
        isolation
    }
}

/// The plugins that run in processes of their own, and their rights; `all` of them after `--isolate`.
///
/// The tables of the administrator, in a file, are an upper bound: the user's can only take rights away.
pub fn isolations(
    user: &IsolationTables,
    administrator: (&Path, &IsolationTables),
    all: bool,
    home: Option<&Path>,
) -> Isolations {
    let names: BTreeSet<&String> = user.keys().chain(administrator.1.keys()).collect();
    let named = names.into_iter().filter(|name| *name != ALL);
    let plugins = named.map(|name| (name.clone(), settings(name, user, administrator, home)));
    let plugins = plugins.collect();
    let (is_on, default) = settings(ALL, user, administrator, home);
    Isolations { all: all || is_on, plugins, default, ..Isolations::default() }
}

fn settings(
    name: &str,
    user: &IsolationTables,
    (file, administrator): (&Path, &IsolationTables),
    home: Option<&Path>,
) -> (bool, Isolation) {
    let table = |tables: &IsolationTables| tables.get(name).or_else(|| tables.get(ALL)).cloned();
    let user = table(user).unwrap_or_default();
    let Some(bound) = table(administrator) else {
        return (user.isolate, user.isolation(&Isolation::default(), home));
    };
    let mut bound_rights = bound.isolation(&Isolation::default(), home);
    bound_rights.source = Some(format!("`[isolation.{name}]` of `{}`", file.display()));
    let rights = within(user.isolation(&bound_rights, home), &bound_rights);
    (user.isolate || bound.isolate, rights)
}

/// Takes away the rights that the bound has not.
fn within(mut isolation: Isolation, bound: &Isolation) -> Isolation {
    let is_below = |path: &Path, bounds: &[PathBuf]| bounds.iter().any(|bound| contains(bound, path));
    isolation.network &= bound.network;
    isolation.read.retain(|path| is_below(path, &bound.read) || is_below(path, &bound.write));
    isolation.write.retain(|path| is_below(path, &bound.write));
    isolation.environment.retain(|name| bound.environment.contains(name));
    isolation.memory = match (isolation.memory, bound.memory) {
        // 0: unlimited.
        (0, memory) | (memory, 0) => memory,
        (memory, bound) => memory.min(bound),
    };
    isolation.cpu = isolation.cpu.min(bound.cpu);
    isolation.timeout = isolation.timeout.min(bound.timeout);
    isolation.restarts = isolation.restarts.min(bound.restarts);
    isolation
}

/// Whether a path is in a folder, wherever its links lead.
fn contains(folder: &Path, path: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    !path.components().any(|part| part == Component::ParentDir) && real(path).starts_with(real(folder))
}

/// A path that may begin with `~`.
fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isolations_of(user: &str, administrator: &str) -> Isolations {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct File {
            isolation: IsolationTables,
        }
        let file = Path::new("/etc/flyte/host.toml");
        let read = |text: &str| toml_edit::de::from_str::<File>(text).unwrap().isolation;
        isolations(&read(user), (file, &read(administrator)), false, Some(Path::new("/home/me")))
    }

    #[test]
    fn tables_name_plugins_or_all_of_them() {
        let found = isolations_of("[isolation.acme]\nisolate = true\nread = ['~/data']", "");
        assert_eq!(found.get("acme").unwrap().read, [Path::new("/home/me/data")]);
        assert_eq!(found.get("other"), None);
        let all = isolations_of("[isolation.'*']\nisolate = true\nnetwork = true", "");
        assert!(all.get("other").unwrap().network);
    }

    #[test]
    fn a_user_cannot_undo_what_the_administrator_set() {
        let administrator = "[isolation.acme]\nisolate = true\nread = ['/data']\nmemory = 100\ntimeout = 5";
        let user = "[isolation.acme]\nisolate = false\nnetwork = true\nread = ['/data/a', '/etc', '/data/../etc']\n\
            write = ['/data']\nenvironment = ['GITHUB_TOKEN']\nmemory = 0\ntimeout = 60\nrestarts = 100";
        let found = isolations_of(user, administrator);
        let acme = found.get("acme").unwrap();
        assert_eq!(acme.read, [Path::new("/data/a")]);
        assert!(!acme.network && acme.write.is_empty() && acme.environment.is_empty(), "{acme:?}");
        assert_eq!((acme.memory, acme.timeout, acme.restarts), (100 << 20, Duration::from_secs(5), 3));
        assert_eq!(acme.source.as_deref(), Some("`[isolation.acme]` of `/etc/flyte/host.toml`"));
        let all = isolations_of("[isolation.acme]\nnetwork = true", "[isolation.'*']\nisolate = true");
        assert!(!all.get("acme").unwrap().network);
        assert!(all.get("other").is_some());
    }

    #[test]
    fn a_user_can_take_rights_away() {
        let administrator = "[isolation.acme]\nisolate = true\nnetwork = true\nwrite = ['/data']";
        let inherited = isolations_of("", administrator);
        assert!(inherited.get("acme").unwrap().network);
        assert_eq!(inherited.get("acme").unwrap().write, [Path::new("/data")]);
        let less = isolations_of("[isolation.acme]\nnetwork = false\nmemory = 10\nwrite = []", administrator);
        let less = less.get("acme").unwrap();
        assert!(!less.network && less.write.is_empty());
        assert_eq!(less.memory, 10 << 20);
    }
}
