//! `cargo xtask dist`: the wheels to publish, one a CPU, for every Linux with glibc 2.17 or newer.
//!
//! zig, from the Python registry, links against the old glibc; no system package is needed. Where rustup has
//! not the standard library of a target, Debian's compiler builds for it (`cross.rs`).

mod inventory;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::bridge::{empty, only_wheel, put_program};
use crate::command::{command, run};
use crate::cross;
use crate::python::Venv;
use crate::workspace::{Workspace, program};

use inventory::Inventory;

/// The oldest glibc 2 on which the wheels run, by its minor version: that of manylinux2014.
const GLIBC: &str = "17";
const COMPATIBILITY: &str = "manylinux2014";

/// The terms of the libraries, beside the licences that `bridge/pyproject.toml` names. Made here.
const TERMS: &str = "bridge/LICENSE-THIRD-PARTY";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Targets to build for
    #[arg(long, default_values = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"])]
    target: Vec<String>,
    /// Cargo profile
    #[arg(long, default_value = "release")]
    profile: String,
}

pub(crate) fn build(workspace: &Workspace, args: &Args) -> Result {
    let tools = Venv::tools(workspace)?;
    let dist = workspace.target("dist");
    fs::create_dir_all(&dist)?;
    let mut wheels = Vec::new();
    for target in &args.target {
        let rustc = cross::compiler(workspace, target)?;
        let dist_of_target = Dist { workspace, tools: &tools, target, profile: &args.profile, rustc };
        let wheel = dist_of_target.wheel()?;
        let path = dist.join(wheel.file_name().ok_or("a wheel has a name")?);
        fs::copy(&wheel, &path)?;
        wheels.push(path);
    }
    for wheel in wheels {
        println!("{}", wheel.display());
    }
    Ok(())
}

/// The wheel of one target.
struct Dist<'a> {
    workspace: &'a Workspace,
    tools: &'a Venv,
    target: &'a str,
    profile: &'a str,
    /// The compiler, if it is not the one in use.
    rustc: Option<PathBuf>,
}

impl Dist<'_> {
    fn wheel(&self) -> Result<PathBuf> {
        let built = self.program()?;
        put_program(self.workspace, &built)?;
        let folder = self.workspace.target("dist-wheels").join(self.target);
        empty(&folder)?;
        let crates = Inventory::collect(self.workspace, &["flyte-host", "bridge"], self.target)?;
        let bill = folder.join("flyte-host.cdx.json");
        let text = crates.bill_of_materials("flyte-host", env!("CARGO_PKG_VERSION"));
        fs::write(&bill, serde_json::to_string_pretty(&text)? + "\n")?;
        let terms = self.workspace.path(TERMS);
        fs::write(&terms, crates.terms()?)?;
        let built = self.maturin(&folder, &bill);
        fs::remove_file(&terms)?;
        built?;
        let wheel = only_wheel(&folder)?;
        wheel::check(self.tools, &wheel, GLIBC)?;
        Ok(wheel)
    }

    /// The Python package, with the program and the lists that were made before.
    fn maturin(&self, folder: &Path, bill: &Path) -> Result {
        let mut maturin = command(self.tools.program("maturin"));
        maturin.args(["build", "--zig", "--locked", "--compatibility", COMPATIBILITY]);
        maturin.args(["--profile", self.profile, "--target", self.target, "--out"]).arg(folder);
        maturin.args(["--manifest-path", "bridge/Cargo.toml", "--sbom-include"]).arg(bill);
        run(self.with_tools(maturin.current_dir(&self.workspace.root))?)
    }

    /// The program, linked against the old glibc.
    fn program(&self) -> Result<PathBuf> {
        let mut zigbuild = command(self.tools.program("cargo-zigbuild"));
        zigbuild.args(["zigbuild", "--locked", "--package", "flyte-host", "--bin", "flyte-host"]);
        zigbuild.args(["--profile", self.profile, "--target", &format!("{}.2.{GLIBC}", self.target)]);
        run(self.with_tools(zigbuild.current_dir(&self.workspace.root))?)?;
        let folder = if self.profile == "dev" { "debug" } else { self.profile };
        Ok(program(&self.workspace.target(self.target).join(folder), "flyte-host"))
    }

    /// maturin and cargo-zigbuild look for zig with the `python3` that they find first.
    fn with_tools<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.tools.folder().to_owned()).chain(std::env::split_paths(&path));
        command.envs(self.rustc.as_ref().map(|rustc| ("RUSTC", rustc)));
        Ok(command.env("PATH", std::env::join_paths(folders)?))
    }
}
