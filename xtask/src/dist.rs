//! `cargo xtask dist`: the wheels to publish, one a CPU, for every Linux with glibc 2.17 or newer.
//!
//! zig, from the Python registry, links against the old glibc; no system package is needed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::bridge::{empty, only_wheel, put_program};
use crate::command::{capture, command, run};
use crate::python::Venv;
use crate::workspace::{Workspace, program};

/// The oldest glibc on which the wheels run: that of manylinux2014.
const GLIBC: &str = "2.17";
const COMPATIBILITY: &str = "manylinux2014";

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
    for target in &args.target {
        let wheel = Dist { workspace, tools: &tools, target, profile: &args.profile }.wheel()?;
        let path = dist.join(wheel.file_name().ok_or("a wheel has a name")?);
        fs::copy(&wheel, &path)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// The wheel of one target.
struct Dist<'a> {
    workspace: &'a Workspace,
    tools: &'a Venv,
    target: &'a str,
    profile: &'a str,
}

impl Dist<'_> {
    fn wheel(&self) -> Result<PathBuf> {
        let built = self.program()?;
        put_program(self.workspace, &built)?;
        let folder = self.workspace.target("dist-wheels").join(self.target);
        empty(&folder)?;
        let mut maturin = command(self.tools.program("maturin"));
        maturin.args(["build", "--zig", "--locked", "--compatibility", COMPATIBILITY]);
        maturin.args(["--profile", self.profile, "--target", self.target, "--out"]).arg(&folder);
        maturin.args(["--manifest-path", "bridge/Cargo.toml"]).current_dir(&self.workspace.root);
        run(self.with_tools(&mut maturin)?)?;
        let wheel = only_wheel(&folder)?;
        self.check(&wheel)?;
        Ok(wheel)
    }

    /// The program, linked against the old glibc.
    fn program(&self) -> Result<PathBuf> {
        let mut zigbuild = command(self.tools.program("cargo-zigbuild"));
        zigbuild.args(["zigbuild", "--locked", "--package", "flyte-host", "--bin", "flyte-host"]);
        zigbuild.args(["--profile", self.profile, "--target", &format!("{}.{GLIBC}", self.target)]);
        run(self.with_tools(zigbuild.current_dir(&self.workspace.root))?)?;
        let folder = if self.profile == "dev" { "debug" } else { self.profile };
        Ok(program(&self.workspace.target(self.target).join(folder), "flyte-host"))
    }

    /// maturin and cargo-zigbuild look for zig with the `python3` that they find first.
    fn with_tools<'c>(
        &self,
        command: &'c mut std::process::Command,
    ) -> Result<&'c mut std::process::Command> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.tools.folder().to_owned()).chain(std::env::split_paths(&path));
        Ok(command.env("PATH", std::env::join_paths(folders)?))
    }

    /// auditwheel reads the symbols of the program and of the library.
    fn check(&self, wheel: &Path) -> Result {
        let report = capture(command(self.tools.program("auditwheel")).arg("show").arg(wheel))?;
        let minor = GLIBC.trim_start_matches("2.");
        let is_old_enough = report.split('"').any(|word| word.starts_with(&format!("manylinux_2_{minor}_")));
        if is_old_enough { Ok(()) } else { Err(format!("`{}`: {report}", wheel.display()).into()) }
    }
}
