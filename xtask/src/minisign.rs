//! The program `minisign`, with which the tests of signatures compare.

use std::path::{Path, PathBuf};

use crate::workspace::Workspace;
use crate::{Result, debian};

/// The system's program, else one below `target/`.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let installed = Path::new("/usr/bin/minisign");
    if installed.exists() {
        return Ok(installed.to_owned());
    }
    let wanted = debian::best(["minisign"])?;
    let version = wanted.first().map_or("", debian::Package::upstream);
    let tree = debian::unpack(&wanted, workspace.target("toolchains").join(format!("minisign-{version}")))?;
    debian::script(&tree, "usr/bin/minisign", &[])
}
