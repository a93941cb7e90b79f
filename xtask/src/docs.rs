//! `cargo xtask docs`: writes the reference from the program, and builds the book.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{cargo, command, run};
use crate::python::{SCRIPTS, create};
use crate::stamp::made_once;
use crate::workspace::{Workspace, program};

/// Writes `docs/src/reference`, then builds the book.
pub(crate) fn write(workspace: &Workspace) -> Result {
    let mut tests = cargo("test");
    tests.args(["--quiet", "--package", "tests", "--test", "it", "--", "reference::"]);
    run(tests.env("SNAPSHOTS", "overwrite").current_dir(&workspace.root))?;
    build_book(workspace, &mdbook(workspace)?)
}

/// mdBook as `docs/requirements.txt` pins it, in a virtual environment of its own.
pub(crate) fn mdbook(workspace: &Workspace) -> Result<PathBuf> {
    let list = workspace.path("docs/requirements.txt");
    let folder = made_once(workspace.target("mdbook"), &fs::read(&list)?, |folder| {
        create(folder)?;
        let mut pip = command(program(&folder.join(SCRIPTS), "python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        run(pip.args(["--require-hashes", "--requirement"]).arg(&list))
    })?;
    Ok(program(&folder.join(SCRIPTS), "mdbook"))
}

/// Builds the book into `target/book`.
pub(crate) fn build_book(workspace: &Workspace, mdbook: &Path) -> Result {
    let mut build = command(mdbook);
    build.arg("build").arg("--dest-dir").arg(workspace.target("book")).arg(workspace.path("docs"));
    run(&mut build)
}
