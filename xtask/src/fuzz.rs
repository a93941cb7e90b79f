//! `cargo xtask fuzz`: what the host reads before it trusts anything, against mutated inputs.
//!
//! Needs a nightly compiler and cargo-fuzz (`cargo install cargo-fuzz`). Inputs that reached new code stay in
//! `target/fuzz`, so the next run continues there; an input that fails is printed by the fuzzer, and becomes
//! a test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{command, run, works};
use crate::compilers::{has_nightly, host_triple};
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Minutes to run, shared by the targets
    #[arg(default_value_t = 30)]
    minutes: u64,
    /// Targets to run [default: all]
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,
}

/// A target, the Cargo features that it needs, and the longest input that it is given.
const TARGETS: [(&str, &[&str], u32); 5] = [
    ("passport", &[], 4096),
    ("preflight", &[], 32_768),
    ("answers", &[], 4096),
    ("settings", &["--features", "program"], 4096),
    ("edits", &["--features", "program"], 4096),
];

pub(crate) fn fuzz(workspace: &Workspace, args: &Args) -> Result {
    if !has_nightly() || !works(command("cargo").args(["fuzz", "--version"])) {
        return Err("install a nightly toolchain and cargo-fuzz: `cargo install cargo-fuzz`".into());
    }
    let is_wanted = |name: &str| args.targets.is_empty() || args.targets.iter().any(|target| target == name);
    let targets: Vec<_> = TARGETS.into_iter().filter(|(name, ..)| is_wanted(name)).collect();
    let seconds = 60 * args.minutes / u64::try_from(targets.len().max(1))?;
    for (name, features, longest) in targets {
        let corpus = workspace.target("fuzz").join("corpus").join(name);
        let artifacts = workspace.target("fuzz").join("artifacts").join(name);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&artifacts)?;
        let seeds = seeds(workspace, name)?;
        let mut fuzz = command("rustup");
        fuzz.args(["run", "nightly", "cargo", "fuzz", "run", name]).args(features);
        fuzz.args(["--target", &host_triple()?, "--target-dir"]).arg(workspace.target("fuzz").join("build"));
        fuzz.arg(corpus).args(seeds).arg("--");
        fuzz.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={longest}"));
        fuzz.arg(format!("-artifact_prefix={}/", artifacts.display()));
        run(fuzz.current_dir(&workspace.root))?;
    }
    Ok(())
}

/// The folder of the inputs to begin with, if the target has one. The library among them is compiled.
fn seeds(workspace: &Workspace, target: &str) -> Result<Option<PathBuf>> {
    let sources = workspace.path("fuzz/seeds").join(target);
    if target != "preflight" {
        return Ok(sources.is_dir().then_some(sources));
    }
    let seeds = workspace.target("fuzz").join("seeds");
    fs::create_dir_all(&seeds)?;
    for (style, name) in [("gnu", "gnu.so"), ("sysv", "sysv.so")] {
        compile(&sources.join("plugin.c"), &seeds.join(name), style)?;
    }
    Ok(Some(seeds))
}

fn compile(source: &Path, library: &Path, hash_style: &str) -> Result {
    let mut compiler = command("cc");
    compiler.args(["-shared", "-fPIC", "-s", "-Wl,-z,noseparate-code", "-Wl,-rpath,$ORIGIN/acme.libs"]);
    compiler.arg(format!("-Wl,--hash-style={hash_style}")).arg("-o").arg(library).arg(source);
    run(&mut compiler)
}
