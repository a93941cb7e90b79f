//! `cargo xtask soak`: the property tests, again and again with fresh seeds, for the given time.
//!
//! A failing case is written by `proptest` into a file beside its test, `….proptest-regressions` (for tests
//! within a crate, `proptest-regressions/…`). Such a file is committed: every later run tries its cases
//! first.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command::{capture, cargo, command, works};
use crate::property::{SEED, property_tests};
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Minutes to run; the last round is finished
    #[arg(default_value_t = 60)]
    minutes: u64,
}

pub(crate) fn soak(workspace: &Workspace, args: &Args) -> Result {
    let tests = property_tests(workspace)?;
    let nextest = works(command("cargo").args(["nextest", "--version"]));
    let time = Duration::from_secs(60 * args.minutes);
    println!("{} property tests with fresh seeds, for {} minutes", tests.len(), args.minutes);
    let start = Instant::now();
    let (mut rounds, mut failed) = (0_u64, 0_u64);
    while rounds == 0 || start.elapsed() < time {
        let seed = fastrand::u64(..);
        let round = Instant::now();
        let done = capture(runner(nextest, &tests).env(SEED, seed.to_string()).current_dir(&workspace.root));
        rounds += 1;
        let outcome = if done.is_ok() { "passed" } else { "failed" };
        println!("round {rounds}: {SEED}={seed} {outcome} in {:.1} s", round.elapsed().as_secs_f64());
        if let Err(error) = done {
            failed += 1;
            println!("{error}");
        }
    }
    println!("{rounds} rounds in {} s, {failed} failed", start.elapsed().as_secs());
    if failed == 0 {
        return Ok(());
    }
    println!("\ncases that failed, to be committed:\n{}", regressions(workspace)?);
    Err(format!("{failed} of {rounds} rounds failed").into())
}

/// The property tests, all of them even when one fails.
fn runner(nextest: bool, tests: &[String]) -> std::process::Command {
    if nextest {
        let mut runner = command("cargo");
        let filter = format!("test(/(^|::)({})$/)", tests.join("|"));
        runner.args(["nextest", "run", "--locked", "--workspace", "--no-fail-fast", "-E", &filter]);
        return runner;
    }
    let mut runner = cargo("test");
    runner.args(["--workspace", "--tests", "--no-fail-fast", "--"]);
    runner.args(tests.iter().map(OsString::from));
    runner
}

/// Files with seeds that are new or changed.
fn regressions(workspace: &Workspace) -> Result<String> {
    let mut status = command("git");
    status.args(["status", "--porcelain", "--untracked-files=all", "--", "*proptest-regressions*"]);
    capture(status.current_dir(&workspace.root))
}
