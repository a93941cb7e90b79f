//! The taint line: which foreign code is in this process, for `--version` and for every report of a bug.

use std::sync::OnceLock;

use crate::plugin::{Chain, Link};

static TAINT: OnceLock<String> = OnceLock::new();

/// Notes the plugins in use, for a report of a bug.
pub(super) fn note(chain: &Chain) {
    // Set once, by the one start of the program.
    let _ = TAINT.set(lines(chain));
}

/// The plugins in use, as they were noted.
pub(super) fn noted() -> &'static str {
    TAINT.get().map_or("no plugins\n", String::as_str)
}

/// A line for each plugin: name, version, protocol, hash, hooks.
pub(super) fn lines(chain: &Chain) -> String {
    if chain.is_builtin() {
        return "no plugins\n".to_owned();
    }
    chain.plugins().iter().map(line).collect()
}

fn line(link: &Link) -> String {
    let hooks: Vec<&str> = link.overridden().iter().map(|hook| hook.name()).collect();
    let hooks = if hooks.is_empty() { "nothing".to_owned() } else { hooks.join(", ") };
    let hash = link.file().map(|file| format!(" sha256:{}", &file.sha256[..16])).unwrap_or_default();
    format!("{} (protocol {}){hash} overrides {hooks}\n", link.identity(), link.protocol())
}
