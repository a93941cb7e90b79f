//! `cargo xtask sanitize`: the plugin boundary under every memory checker that this machine has.
//!
//! - Miri runs the crates whose plugins are entered without `dlopen`.
//! - AddressSanitizer (nightly) runs these and the tests that load real libraries; host, plugin and all of
//!   their dependencies are instrumented.
//! - Valgrind runs the ordinary program with the sample plugin loaded, and so also sees the standard library;
//!   and the native half of the bridge, with plugins that wrap, carry calls, fail and panic.

mod bridge;

use std::path::Path;

use crate::Result;
use crate::command::{cargo, command, run, works};
use crate::compilers::{has_nightly, host_triple};
use crate::debian;
use crate::workspace::{Workspace, is_ci, library_name, program};

/// Without leaks, since libraries are never unloaded on purpose; and without its own signal handlers, since
/// the tests of crashing plugins look at how the process died.
const ASAN_OPTIONS: &str =
    "detect_leaks=0:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0";

/// Of all tests, those in which a plugin is called; the others would only take long. Not those of processes
/// that end on purpose or have a limit of memory, which is below what the sanitizer reserves, nor those that
/// run a compiler or measure memory.
const AT_THE_BOUNDARY: &str = "package(plugin-abi) - binary(attribute) \
                               + (package(tests) - test(/^(book|bucket|crashing|docs|examples|execution\
                               |faults|fetch|filter|flytekit|follow|get|isolated|launchplan\
                               |lost_answers|markdown|named|naming|network|plugin_c|plugin_check|plugin_new\
                               |plugin_store|printable|project|proxy|recorded|recorded_command_line|reference\
                               |references|register|register_send|round_trip|run|run_files|sandbox\
                               |sandbox_choice|sandbox_guard|served|servicer|two_users|upload|values\
                               |version)::/)) \
                               + (package(plugin-host) & (kind(lib) + test(/^(chain|passed_errors)::/)))";

/// The beginning of the names of the checkers that it runs.
const VALGRIND: &str = "Valgrind";

/// Valgrind's exit code for a memory error, which no command of ours uses.
const VALGRIND_ERROR: &str = "--error-exitcode=99";

/// What Valgrind watches: loading, help with the plugin's commands in it, a command that runs in the plugin,
/// and a task for which all rules are asked.
const WATCHED: [&[&str]; 4] = [
    &["plugin", "show", "acme"],
    &["--help"],
    &["my-custom-command"],
    &["register", "--dry-run", "xtask/demo/secret.yaml", "xtask/demo/no-image.yaml", "xtask/demo/task.yaml"],
];

/// Runs one checker, and fails when it complains.
type Check = fn(&Workspace) -> Result;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Checkers to run [default: all that are on this machine]
    checkers: Vec<Checker>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Checker {
    Miri,
    AddressSanitizer,
    Valgrind,
    Bridge,
}

pub(crate) fn run_checkers(workspace: &Workspace, args: &Args) -> Result {
    let mut ran = Vec::new();
    let mut lacking = Vec::new();
    let valgrind_works = || works(command("valgrind").arg("--version"));
    let has_valgrind = valgrind_works() || (is_ci() && install_valgrind() && valgrind_works());
    let has_miri = works(command("rustup").args(["run", "nightly", "cargo-miri", "--version"]));
    let is_linux = cfg!(target_os = "linux");
    let checkers: [(Checker, &str, bool, Check); 4] = [
        (Checker::Miri, "Miri", has_miri, miri),
        (Checker::AddressSanitizer, "AddressSanitizer", has_nightly() && is_linux, address_sanitizer),
        (Checker::Valgrind, VALGRIND, has_valgrind, valgrind),
        (Checker::Bridge, "Valgrind with the bridge", has_valgrind && is_linux, bridge::valgrind),
    ];
    let is_wanted = |checker: &Checker| args.checkers.is_empty() || args.checkers.contains(checker);
    for (_, name, is_here, check) in checkers.into_iter().filter(|(checker, ..)| is_wanted(checker)) {
        if is_here {
            check(workspace)?;
            ran.push(name);
        } else {
            lacking.push(name);
        }
    }
    let none = || "none".to_owned();
    let listed = |names: &[&str]| if names.is_empty() { none() } else { names.join(", ") };
    eprintln!(
        "\nmemory checkers without complaint: {}; not on this machine: {}",
        listed(&ran),
        listed(&lacking)
    );
    // The others need a nightly compiler, which a machine may lack.
    if is_ci() && is_linux && lacking.iter().any(|name| name.starts_with(VALGRIND)) {
        return Err("continuous integration needs Valgrind".into());
    }
    if is_ci() && ran.is_empty() {
        return Err("continuous integration needs a memory checker".into());
    }
    Ok(())
}

/// Installs it with the symbols of glibc, without which it does not start; returns whether that worked.
fn install_valgrind() -> bool {
    debian::install(&["valgrind", "libc6-dbg"]).is_ok()
}

fn miri(workspace: &Workspace) -> Result {
    let mut miri = command("rustup");
    miri.args(["run", "nightly", "cargo", "miri", "test", "--locked", "--package", "plugin-abi"]);
    miri.env("CARGO_TARGET_DIR", workspace.target("miri")).env("MIRIFLAGS", "-Zmiri-disable-isolation");
    run(miri.current_dir(&workspace.root))
}

fn address_sanitizer(workspace: &Workspace) -> Result {
    let has_nextest = works(command("cargo").args(["nextest", "--version"]));
    let mut tests = command("rustup");
    tests.args(["run", "nightly", "cargo"]);
    tests.args(if has_nextest {
        &["nextest", "run", "--no-fail-fast", "-E", AT_THE_BOUNDARY][..]
    } else {
        &["test"][..]
    });
    tests.args(["--tests", "--locked", "--target", &host_triple()?]);
    for package in ["plugin-abi", "plugin-host", "tests"] {
        tests.args(["--package", package]);
    }
    // The instrumented plugin finds the sanitizer's functions in the program that loads it.
    tests.env(
        "RUSTFLAGS",
        "-Zsanitizer=address --cfg sanitized -Clink-arg=-Wl,--export-dynamic-symbol=__asan_*",
    );
    tests.env("CARGO_TARGET_DIR", workspace.target("asan"));
    // What `xtask test` prepares is not there, and tests may skip it.
    tests.env("ASAN_OPTIONS", ASAN_OPTIONS).env_remove("CI");
    run(tests.current_dir(&workspace.root))
}

/// The ordinary build of everything, as the tests need it.
fn build_all(workspace: &Workspace) -> Result {
    run(cargo("build").args(["--workspace", "--all-targets"]).current_dir(&workspace.root))
}

fn valgrind(workspace: &Workspace) -> Result {
    build_all(workspace)?;
    let home = tempfile::tempdir()?;
    let plugins = home.path().join(".flyte/plugins");
    std::fs::create_dir_all(&plugins)?;
    let built = workspace.target("debug");
    std::fs::copy(built.join(library_name("sample-plugin")), plugins.join(library_name("acme")))?;
    for arguments in WATCHED {
        let mut watched = watched(&program(&built, "flyte-host"), home.path(), arguments);
        run(watched.current_dir(&workspace.root))?;
    }
    Ok(())
}

fn watched(host: &Path, home: &Path, arguments: &[&str]) -> std::process::Command {
    let mut valgrind = command("valgrind");
    valgrind
        .args(["--quiet", "--leak-check=no", "--trace-children=yes", VALGRIND_ERROR])
        .arg(host)
        .args(arguments);
    valgrind.env("HOME", home).env("FLYTE_PLUGIN", "acme");
    valgrind
}
