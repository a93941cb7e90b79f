//! `cargo xtask bench`: what start-up costs, with and without a plugin, and what the client, the sandbox and
//! a sign-in cost in use, beside the official Python client; and what plugins cost in that client.
//!
//! For start-up, instructions are counted, not seconds, so that two machines agree: by the processor (`perf`)
//! where that works, and by simulation (Valgrind's callgrind) elsewhere.

mod bridge;
mod client;
mod delay;
mod far;
mod server;
mod sign_in;
mod timing;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::Result;
use crate::command::{capture, cargo, command, run, shown, works};
use crate::debian;
use crate::python::Venv;
use crate::workspace::{Workspace, library_name, program};

/// `flyte-host --help` with a plugin may take at most this part of what `pyflyte --help` takes.
const INSTRUCTIONS_BUDGET: f64 = 0.01;
const MEMORY_BUDGET: f64 = 0.2;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measure start-up only
    #[arg(long)]
    startup: bool,
    /// Measure the client and the sandbox only
    #[arg(long, conflicts_with = "startup")]
    client: bool,
    /// Measure sign-in only
    #[arg(long, conflicts_with_all = ["startup", "client"])]
    sign_in: bool,
    /// Measure plugins only, in process and isolated
    #[arg(long, conflicts_with_all = ["startup", "client", "sign_in"])]
    plugins: bool,
    /// Measure plugins in pyflyte only
    #[arg(long, conflicts_with_all = ["startup", "client", "sign_in", "plugins"])]
    bridge: bool,
    /// Measure the time to a first run only, by a wheel and from source, which compiles everything
    #[arg(long, conflicts_with_all = ["startup", "client", "sign_in", "plugins", "bridge"])]
    install: bool,
    /// With `--bridge` or `--install`: use debug builds, which only shows that the measurements run
    #[arg(long)]
    debug: bool,
}

/// What one run of a program cost.
struct Cost {
    instructions: f64,
    peak_bytes: f64,
}

pub(crate) fn run_benchmarks(workspace: &Workspace, args: &Args) -> Result {
    if args.plugins {
        return measure_plugins(workspace);
    }
    if args.bridge {
        return bridge::measure(workspace, args.debug);
    }
    if args.install {
        return bridge::measure_install(workspace, args.debug);
    }
    let release = ["--release", "--package", "flyte-host", "--package", "sample-plugin"];
    run(cargo("build").args(release).current_dir(&workspace.root))?;
    if args.client {
        return client::measure(workspace, &workspace.target("release"));
    }
    if args.sign_in {
        return sign_in::measure(workspace, &workspace.target("release"));
    }
    start_up(workspace)?;
    if args.startup {
        return Ok(());
    }
    client::measure(workspace, &workspace.target("release"))?;
    sign_in::measure(workspace, &workspace.target("release"))?;
    measure_plugins(workspace)?;
    bridge::measure(workspace, false)
}

fn measure_plugins(workspace: &Workspace) -> Result {
    run(cargo("bench")
        .args(["--package", "plugin-host", "--package", "flyte-host"])
        .current_dir(&workspace.root))
}

/// What `--help` costs.
fn start_up(workspace: &Workspace) -> Result {
    let meter = Meter::find(workspace)?;
    let built = workspace.target("release");
    let home = tempfile::tempdir()?;
    let host = |plugin: Option<PathBuf>| {
        let mut help = command(program(&built, "flyte-host"));
        help.arg("--help").env("HOME", home.path()).env_remove("FLYTE_PLUGIN");
        help.envs(plugin.map(|plugin| ("FLYTE_PLUGIN", plugin)));
        help
    };
    let sample = built.join(library_name("sample-plugin"));
    // The first help with a plugin asks it in a child process; what users wait for is every later one.
    capture(&mut host(Some(sample.clone())))?;
    let alone = meter.cost(&host(None))?;
    let with_plugin = meter.cost(&host(Some(sample)))?;
    let pyflyte =
        Venv::install(workspace).and_then(|venv| meter.cost(command(venv.program("pyflyte")).arg("--help")));

    println!("\n{:<36}{:>18}{:>14}", meter.method(), "instructions", "peak memory");
    row("flyte-host --help", &alone);
    row("flyte-host --help, sample plugin", &with_plugin);
    match pyflyte {
        Ok(pyflyte) => {
            row("pyflyte --help", &pyflyte);
            check(&with_plugin, &pyflyte)?;
        }
        Err(error) => println!("pyflyte --help: not measured, {error}"),
    }
    Ok(())
}

fn row(name: &str, cost: &Cost) {
    println!("{name:<36}{:>16.2} M{:>11.1} MB", cost.instructions / 1e6, cost.peak_bytes / 1e6);
}

/// Prints the two ratios and fails when one is over its budget.
fn check(ours: &Cost, theirs: &Cost) -> Result {
    let instructions = ours.instructions / theirs.instructions;
    let memory = ours.peak_bytes / theirs.peak_bytes;
    println!(
        "of pyflyte: {:.2} % of the instructions (budget {:.0} %), {:.1} % of the memory (budget {:.0} %)",
        instructions * 100.0,
        INSTRUCTIONS_BUDGET * 100.0,
        memory * 100.0,
        MEMORY_BUDGET * 100.0
    );
    if instructions > INSTRUCTIONS_BUDGET || memory > MEMORY_BUDGET {
        return Err("start-up is over its budget".into());
    }
    Ok(())
}

/// The tools that measure on this machine.
struct Meter {
    counter: Counter,
    /// GNU time, which is so small that its own memory does not show in the child's peak.
    time: PathBuf,
}

enum Counter {
    Perf,
    Callgrind,
}

impl Meter {
    fn find(workspace: &Workspace) -> Result<Self> {
        let counter = if Counter::Perf.instructions(&command("true")).is_ok() {
            Counter::Perf
        } else if works(command("valgrind").arg("--version")) {
            Counter::Callgrind
        } else {
            return Err("neither `perf stat` nor Valgrind counts instructions on this machine".into());
        };
        Ok(Self { counter, time: gnu_time(workspace)? })
    }

    fn method(&self) -> &'static str {
        match self.counter {
            Counter::Perf => "counted by the processor (perf)",
            Counter::Callgrind => "counted by simulation (callgrind)",
        }
    }

    /// Runs once unmeasured, since the first use of a plugin examines it, and then once per tool.
    fn cost(&self, measured: &Command) -> Result<Cost> {
        eprintln!("\n$ {}", shown(measured));
        capture(&mut under(command("env"), measured))?;
        let instructions = self.counter.instructions(measured)?;
        Ok(Cost { instructions, peak_bytes: self.peak_bytes(measured)? })
    }

    fn peak_bytes(&self, measured: &Command) -> Result<f64> {
        let report = NamedTempFile::new()?;
        let mut time = command(&self.time);
        time.arg("--format=%M").arg("--output").arg(report.path());
        capture(&mut under(time, measured))?;
        Ok(fs::read_to_string(report.path())?.trim().parse::<f64>()? * 1024.0)
    }
}

impl Counter {
    fn instructions(&self, measured: &Command) -> Result<f64> {
        let report = NamedTempFile::new()?;
        let to_report = |option: &str| format!("{option}={}", report.path().display());
        let mut tool = match self {
            Self::Perf => command("perf"),
            Self::Callgrind => command("valgrind"),
        };
        match self {
            Self::Perf => tool
                .args(["stat", "--field-separator=,", "--event=instructions:u"])
                .arg(to_report("--output")),
            Self::Callgrind => {
                tool.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(to_report("--log-file"))
            }
        };
        capture(&mut under(tool, measured))?;
        let report = fs::read_to_string(report.path())?;
        let count = match self {
            Self::Perf => perf_count(&report),
            Self::Callgrind => callgrind_count(&report),
        };
        count.ok_or_else(|| format!("no count of instructions in: {}", report.trim()).into())
    }
}

/// `12345,,instructions:u,…`; a machine without counters prints `<not supported>` in place of the number.
fn perf_count(report: &str) -> Option<f64> {
    let line = report.lines().find(|line| line.contains("instructions"))?;
    line.split(',').next()?.parse().ok()
}

/// `==1== Collected : 12345`.
fn callgrind_count(report: &str) -> Option<f64> {
    let line = report.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// `measured` as the last arguments of `tool`, in the environment that it was given.
fn under(mut tool: Command, measured: &Command) -> Command {
    tool.arg(measured.get_program()).args(measured.get_args());
    for (name, value) in measured.get_envs() {
        match value {
            Some(value) => tool.env(name, value),
            None => tool.env_remove(name),
        };
    }
    tool
}

fn gnu_time(workspace: &Workspace) -> Result<PathBuf> {
    let installed = PathBuf::from("/usr/bin/time");
    if installed.exists() {
        return Ok(installed);
    }
    let mut offered = debian::offered(&["time"])?;
    let tree = debian::unpack(&offered.split_off(offered.len() - 1), workspace.target("toolchains/time"))?;
    Ok(tree.join("usr/bin/time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_both_tools_are_read() {
        assert_eq!(perf_count("# started on a day\n\n12345,,instructions:u,1,100.00,,\n"), Some(12345.0));
        assert_eq!(perf_count("<not supported>,,instructions:u,0,100.00,,\n"), None);
        assert_eq!(
            callgrind_count("==7== Events    : Ir\n==7== Collected : 3259877703\n"),
            Some(3_259_877_703.0)
        );
    }
}
