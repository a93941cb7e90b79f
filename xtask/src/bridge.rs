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

/// The wheel for tests.
pub(crate) struct Bridge {
    /// A folder for `PYTHONPATH`, into which the wheel is installed.
    pub(crate) site: PathBuf,
    pub(crate) wheel: PathBuf,
}

/// Builds the wheel as the tests build everything, and installs it into a folder.
pub(crate) fn install(workspace: &Workspace) -> Result<Bridge> {
    install_profile(workspace, &[], "debug", "bridge")
}

/// Builds the optimised wheel for measurements, and installs it into a folder.
pub(crate) fn install_release(workspace: &Workspace) -> Result<Bridge> {
    install_profile(workspace, &["--release"], "release", "bridge-release")
}

fn install_profile(workspace: &Workspace, options: &[&str], built: &str, name: &str) -> Result<Bridge> {
    let tools = Venv::tools(workspace)?;
    run(cargo("build").args(["--package", "flyte-host"]).args(options).current_dir(&workspace.root))?;
    put_program(workspace, &program(&workspace.target(built), "flyte-host"))?;
    let wheels = workspace.target(name).join("wheels");
    empty(&wheels)?;
    let mut build = command(tools.program("maturin"));
    build.args(["build", "--quiet", "--locked", "--compatibility", "linux", "--out"]).arg(&wheels);
    build.args(options).args(["--manifest-path", "bridge/Cargo.toml"]).current_dir(&workspace.root);
    run(&mut build)?;
    let wheel = only_wheel(&wheels)?;
    let inputs = contents(&wheels)?;
    let site = made_once(workspace.target(name).join("site"), &inputs, |folder| {
        let mut pip = command(tools.program("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]);
        pip.arg("--disable-pip-version-check");
        run(pip.arg("--target").arg(folder).arg(&wheel))
    })?;
    Ok(Bridge { site, wheel })
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
