//! What `flyte-host --help` costs with a plugin, in process and isolated: with a record of its command line,
//! and without.
//!
//! `cargo bench -p flyte-host`. All sides run in turn; the medians and their ratios are printed. The plugin
//! is the sample, which Cargo builds beside this program.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

fn main() {
    let program = std::env::current_exe().expect("a program has a path");
    let name = format!("{}sample_plugin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    help(&program.with_file_name(name));
}

/// `--help` of the program: with a record of the command line, and without.
fn help(plugin: &Path) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let run = |isolated: &str, cache: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flyte-host"));
        command.arg("--help").env("HOME", home.path()).env("XDG_CACHE_HOME", cache);
        command.env("FLYTE_PLUGIN", plugin).env("FLYTE_PLUGIN_ISOLATE", isolated);
        let start = Instant::now();
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        start.elapsed().as_secs_f64() * 1e3
    };
    title("`flyte-host --help` with the sample plugin, ms");
    for (name, cache) in
        [("recorded", home.path().join("cache")), ("not recorded", PathBuf::from("/dev/null"))]
    {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..22 {
            for (times, isolated) in times.iter_mut().zip(["0", "1"]) {
                times.push(run(isolated, &cache));
            }
        }
        // The first runs make the record.
        let [in_process, isolated] = times.map(|times| median(times[2..].to_vec()));
        row(name, in_process, isolated);
    }
}

fn title(text: &str) {
    println!("\n{text}\n  {:<28} {:>12} {:>12} {:>8}", "", "in process", "isolated", "ratio");
}

fn row(name: &str, in_process: f64, isolated: f64) {
    println!("  {name:<28} {in_process:>12.3} {isolated:>12.3} {:>8.1}", isolated / in_process);
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
