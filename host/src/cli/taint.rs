//! The taint line: which foreign code is in this process, for `--version` and for every report of a bug.

use std::sync::OnceLock;

use plugin_abi::Hook;

use crate::plugin::{Chain, Link, link::LoadedFile};

static TAINT: OnceLock<Vec<Plugin>> = OnceLock::new();

/// What is noted of a plugin; its hash is worked out when somebody reads the line.
struct Plugin {
    line: String,
    file: Option<LoadedFile>,
}

/// Notes the plugins in use, for `--version` and for a report of a bug.
pub(super) fn note(chain: &Chain) {
    // Set once, by the one start of the program.
    let _ = TAINT.set(chain.plugins().iter().map(plugin).collect());
}

/// A line for each plugin in use: name, version, protocol, hooks, hash.
pub(super) fn lines() -> String {
    let plugins = TAINT.get().map_or(&[][..], Vec::as_slice);
    if plugins.is_empty() {
        return "no plugins\n".to_owned();
    }
    plugins.iter().map(Plugin::line).collect()
}

fn plugin(link: &Link) -> Plugin {
    let hooks: Vec<&str> = link.overridden().map(Hook::name).collect();
    let hooks = if hooks.is_empty() { "nothing".to_owned() } else { hooks.join(", ") };
    let line = format!("{} (protocol {}) overrides {hooks}", link.identity(), link.protocol());
    Plugin { line, file: link.file().cloned() }
}

impl Plugin {
    fn line(&self) -> String {
        let hash = self.file.as_ref().map(|file| match file.sha256() {
            Ok(hash) => format!("; sha256 {hash}"),
            Err(error) => format!("; its file cannot be read any more: {error}"),
        });
        format!("{}{}\n", self.line, hash.unwrap_or_default())
    }
}
