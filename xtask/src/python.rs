//! The official Python client in a virtual environment below `target/`, pinned with hashes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, command, run, works};
use crate::debian;
use crate::stamp::{contents, made_once};
use crate::workspace::{Workspace, program};

/// A virtual environment of a list of requirements.
pub(crate) struct Venv {
    scripts: PathBuf,
    requirements: Vec<u8>,
}

impl Venv {
    /// Builds the environment of `tests/fixtures/requirements.txt`, or finds the one that an earlier run
    /// built from the same requirements.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self> {
        Self::from_list(workspace, "venv", "tests/fixtures/requirements.txt")
    }

    /// flytekit in the oldest version that the bridge supports.
    pub(crate) fn oldest(workspace: &Workspace) -> Result<Self> {
        Self::from_list(workspace, "venv-oldest", "tests/fixtures/bridge/oldest-requirements.txt")
    }

    /// flytekit with Union's package.
    pub(crate) fn union(workspace: &Workspace) -> Result<Self> {
        Self::from_list(workspace, "venv-union", "tests/fixtures/bridge/union-requirements.txt")
    }

    /// What builds and checks wheels.
    pub(crate) fn tools(workspace: &Workspace) -> Result<Self> {
        Self::from_list(workspace, "venv-tools", "tests/fixtures/bridge/tools-requirements.txt")
    }

    /// A folder with the wheels of flytekit and its dependencies, to install them without a network.
    pub(crate) fn wheelhouse(&self, workspace: &Workspace) -> Result<PathBuf> {
        let list = workspace.path("tests/fixtures/bridge/container-requirements.txt");
        let version = capture(command(self.program("python")).arg("--version"))?;
        let inputs = [version.as_bytes(), &fs::read(&list)?].concat();
        made_once(workspace.target("wheelhouse"), &inputs, |folder| {
            let mut pip = command(self.program("python"));
            pip.args(["-m", "pip", "wheel", "--quiet", "--no-input", "--disable-pip-version-check"]);
            pip.args(["--require-hashes", "--requirement"]).arg(&list);
            run(pip.arg("--wheel-dir").arg(folder))
        })
    }

    fn from_list(workspace: &Workspace, name: &str, list: &str) -> Result<Self> {
        let list = workspace.path(list);
        let requirements = fs::read(&list)?;
        let version = capture(command("python3").arg("--version"))?;
        let inputs = [version.as_bytes(), &requirements].concat();
        let folder = made_once(workspace.target(name), &inputs, |folder| {
            create(folder)?;
            let mut pip = command(program(&folder.join(SCRIPTS), "python"));
            pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
            run(pip.args(["--require-hashes", "--requirement"]).arg(&list))
        })?;
        Ok(Self { scripts: folder.join(SCRIPTS), requirements })
    }

    /// The folder of the environment's programs.
    pub(crate) fn folder(&self) -> &Path {
        &self.scripts
    }

    /// A program of the environment: `python`, `pyflyte`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        program(&self.scripts, name)
    }

    /// Packages as the official `pyflyte package` makes them, and what else `build.py` takes from flytekit.
    pub(crate) fn packages(&self, workspace: &Workspace) -> Result<PathBuf> {
        let sources = workspace.path("tests/fixtures/packages");
        let inputs = [self.requirements.as_slice(), &contents(&sources)?].concat();
        made_once(workspace.target("fixtures/packages"), &inputs, |folder| {
            fs::create_dir_all(folder)?;
            let mut build = command(self.program("python"));
            build.arg(sources.join("build.py")).arg(folder).env("PYTHONDONTWRITEBYTECODE", "1");
            run(&mut build)
        })
    }
}

/// Where a virtual environment has its programs.
pub(crate) const SCRIPTS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// `python3 -m venv`. Debian ships that module as a package of its own, which is installed when it may be.
pub(crate) fn create(folder: &Path) -> Result {
    let mut venv = command("python3");
    venv.args(["-m", "venv"]).arg(folder);
    let has_pip = works(command("python3").args(["-c", "import ensurepip, venv"]));
    if !has_pip {
        let missing = "this Python has no `venv` module; on Debian install `python3-venv`";
        debian::install(&["python3-venv"]).map_err(|error| format!("{missing}: {error}"))?;
    }
    run(&mut venv)
}
