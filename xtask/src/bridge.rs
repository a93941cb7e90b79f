//! The wheel: the program `flyte-host` and the Python package `flyte_host` with its native half.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{cargo, command, run};
use crate::python::Venv;
use crate::stamp::{contents, made_once};
use crate::workspace::{Workspace, program};

/// Where maturin takes files of the wheel from that are not Python's; `bridge/pyproject.toml` names it.
const DATA: &str = "bridge/wheel.data";

/// Builds the wheel as the tests build everything, and installs it into a folder for `PYTHONPATH`.
pub(crate) fn install(workspace: &Workspace) -> Result<PathBuf> {
    let tools = Venv::tools(workspace)?;
    run(cargo("build").args(["--package", "flyte-host"]).current_dir(&workspace.root))?;
    put_program(workspace, &program(&workspace.target("debug"), "flyte-host"))?;
    let wheels = workspace.target("bridge/wheels");
    empty(&wheels)?;
    let mut build = command(tools.program("maturin"));
    build.args(["build", "--quiet", "--locked", "--compatibility", "linux", "--out"]).arg(&wheels);
    run(build.args(["--manifest-path", "bridge/Cargo.toml"]).current_dir(&workspace.root))?;
    let wheel = only_wheel(&wheels)?;
    let inputs = contents(&wheels)?;
    made_once(workspace.target("bridge/site"), &inputs, |folder| {
        let mut pip = command(tools.program("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--disable-pip-version-check",
        ]);
        run(pip.arg("--target").arg(folder).arg(&wheel))
    })
}

/// Puts the program where maturin packs it.
pub(crate) fn put_program(workspace: &Workspace, built: &Path) -> Result {
    let scripts = workspace.path(DATA).join("scripts");
    empty(&scripts)?;
    let name = built.file_name().ok_or("a program has a name")?;
    fs::copy(built, scripts.join(name))?;
    Ok(())
}

/// Makes an empty folder.
pub(crate) fn empty(folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// The wheel in a folder.
pub(crate) fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let mut paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = paths.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    wheel.ok_or_else(|| format!("no wheel in `{}`", folder.display()).into())
}
