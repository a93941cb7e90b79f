//! The shells whose completion the tests press TAB in. bash is everywhere; the others come from Debian.

use crate::command::{command, is_root, run, works};

const SHELLS: [&str; 2] = ["fish", "zsh"];

/// Installs the shells that are missing, where that is possible; returns what had to be left out, and why.
pub(crate) fn install() -> Vec<String> {
    let missing: Vec<&str> =
        SHELLS.into_iter().filter(|shell| !works(command(shell).arg("--version"))).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let left_out =
        |why: &str| missing.iter().map(|shell| format!("completion in {shell}: {why}")).collect::<Vec<_>>();
    if !is_root() || !works(command("apt-get").arg("--version")) {
        return left_out("it is not installed, and this is not root on a Debian machine");
    }
    let install = || {
        run(command("apt-get").args(["update", "--quiet=2"]))?;
        let mut install = command("apt-get");
        install.args(["install", "--yes", "--no-install-recommends", "--quiet=2"]).args(&missing);
        run(install.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    install().err().map(|error| left_out(&error.to_string())).unwrap_or_default()
}
