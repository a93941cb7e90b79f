//! The shells whose completion the tests press TAB in. bash is everywhere; the others come from Debian.

use crate::command::{command, works};
use crate::debian;

const SHELLS: [&str; 2] = ["fish", "zsh"];

/// Installs the shells that are missing, where that is possible; returns what had to be left out, and why.
pub(crate) fn install() -> Vec<String> {
    let missing: Vec<&str> =
        SHELLS.into_iter().filter(|shell| !works(command(shell).arg("--version"))).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let left_out = |why: Box<dyn std::error::Error>| {
        missing.iter().map(|shell| format!("completion in {shell}: {why}")).collect()
    };
    debian::install(&missing).err().map(left_out).unwrap_or_default()
}
