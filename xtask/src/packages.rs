//! `cargo xtask packages`: the crates to publish, packaged and built from their packages.
//!
//! Cargo unpacks each package, and builds it with the packages of the others in place of the folders of this
//! workspace, as if all had been published.

use std::path::PathBuf;

use crate::Result;
use crate::command::{capture, cargo, run};
use crate::workspace::Workspace;

/// What authors of plugins and of other hosts use, and what that needs, from the leaves up.
const PUBLISHED: [&str; 6] =
    ["plugin-abi-macros", "plugin-abi", "flyte-text", "flyte-client", "plugin-client", "plugin-host"];

/// What each package must have.
const REQUIRED: [&str; 4] = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Builds the packages below `target/package`, and returns the files.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    for package in PUBLISHED {
        check_files(workspace, package)?;
    }
    let mut build = cargo("package");
    // Changes that are not committed are packaged like any others.
    build
        .args(["--allow-dirty", "--quiet"])
        .args(PUBLISHED.iter().flat_map(|package| ["--package", package]));
    run(build.current_dir(&workspace.root))?;
    let folder = workspace.target("package");
    let files = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "crate")).collect())
}

fn check_files(workspace: &Workspace, package: &str) -> Result {
    let mut list = cargo("package");
    list.args(["--allow-dirty", "--quiet", "--list", "--package", package]).current_dir(&workspace.root);
    let files = capture(&mut list)?;
    match REQUIRED.iter().find(|required| !files.lines().any(|file| file == **required)) {
        None => Ok(()),
        Some(missing) => Err(format!("package `{package}` lacks `{missing}`").into()),
    }
}
