//! Times of whole processes, from start to end, as a user waits for them, side by side.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command::{capture, command};

/// A program in a home of its own.
pub(super) fn clean(program: &Path, home: &Path) -> Command {
    let mut command = command(program);
    command.env_clear().env("HOME", home).current_dir(home);
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// How long a command takes, its output thrown away.
pub(super) fn time(measured: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    capture(measured)?;
    Ok(started.elapsed())
}

pub(super) fn shortest<const N: usize>(runs: [Result<Duration>; N]) -> Result<Duration> {
    let mut times = runs.into_iter().collect::<Result<Vec<_>>>()?;
    times.sort();
    times.first().copied().ok_or_else(|| "nothing was measured".into())
}

/// Prints two times and their ratio; says when it is below what it should be. A budget of 0 is none.
pub(super) fn ratio(
    name: &str,
    ours: Duration,
    other: &str,
    theirs: Duration,
    budget: f64,
) -> Option<String> {
    let times = theirs.as_secs_f64() / ours.as_secs_f64();
    let wanted = if budget > 0.0 { format!(" (budget {budget:.0})") } else { String::new() };
    println!(
        "{name:<34}{:>9.1} ms   {other:<26}{:>9.1} ms   {times:>5.1} times as fast{wanted}",
        ours.as_secs_f64() * 1e3,
        theirs.as_secs_f64() * 1e3
    );
    (times < budget).then(|| format!("`{name}` is only {times:.1} times as fast, {budget:.0} is wanted"))
}
