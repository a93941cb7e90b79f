//! `cargo xtask sanitize`: the plugin boundary under every memory checker that this machine has.
//!
//! - Miri runs the crates whose plugins are entered without `dlopen`.
//! - AddressSanitizer runs these and the tests that load real libraries. The crates of the workspace are
//!   instrumented, with the generic code of others in them; dependencies are those of the ordinary build.
//! - Valgrind runs the ordinary program with the sample plugin loaded, and so also sees the standard library.

use std::path::Path;

use crate::Result;
use crate::command::{cargo, command, run, works};
use crate::compilers::sysroot_libraries;
use crate::stamp::{link_all, write_script};
use crate::workspace::{Workspace, is_ci, library_name, program};

/// Without leaks, since libraries are never unloaded on purpose; and without its own signal handlers, since
/// the tests of crashing plugins look at how the process died.
const ASAN_OPTIONS: &str =
    "detect_leaks=0:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0";

/// Of all tests, those in which a plugin is called; the others would only take long.
const AT_THE_BOUNDARY: &str = "package(plugin-abi) + (package(tests) - test(/^(book|bucket|docs|examples\
                               |execution|faults|fetch|filter|flytekit|follow|get|launchplan|lost_answers\
                               |markdown|named|naming|network|printable|project|proxy|recorded|reference|references|register\
                               |register_send|round_trip|run|run_files|sandbox|sandbox_choice\
                               |sandbox_guard|served|servicer|upload|values|version)::/)) \
                               + (package(plugin-host) & (kind(lib) + binary(chain)))";

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

pub(crate) fn run_checkers(workspace: &Workspace) -> Result {
    let mut ran = Vec::new();
    let mut lacking = Vec::new();
    let checkers: [(&str, bool, Check); 3] = [
        ("Miri", works(command("rustup").args(["run", "nightly", "cargo-miri", "--version"])), miri),
        ("AddressSanitizer", cfg!(target_os = "linux") && has_runtime(), address_sanitizer),
        ("Valgrind", works(command("valgrind").arg("--version")), valgrind),
    ];
    for (name, is_here, check) in checkers {
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
    if is_ci() && ran.is_empty() {
        return Err("continuous integration needs a memory checker".into());
    }
    Ok(())
}

fn miri(workspace: &Workspace) -> Result {
    let mut miri = command("rustup");
    miri.args(["run", "nightly", "cargo", "miri", "test", "--locked", "--package", "plugin-abi"]);
    miri.env("CARGO_TARGET_DIR", workspace.target("miri")).env("MIRIFLAGS", "-Zmiri-disable-isolation");
    run(miri.current_dir(&workspace.root))
}

/// Whether the compiler in use comes with the sanitizer's runtime.
fn has_runtime() -> bool {
    let is_runtime = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with("_rt.asan.a");
    let libraries = sysroot_libraries().and_then(|folder| Ok(std::fs::read_dir(folder)?));
    libraries.is_ok_and(|entries| entries.flatten().any(is_runtime))
}

/// Instruments what Cargo compiles of this workspace, other than build scripts and macros. The flag is
/// unstable;
/// `RUSTC_BOOTSTRAP` allows it to the compiler in use. An instrumented plugin finds the sanitizer's functions
/// in the program that loads it.
const INSTRUMENT: &str = "#!/bin/sh
case \" $* \" in
    *' --crate-type proc-macro '* | *' --crate-name build_script_build '*) exec \"$@\" ;;
esac
export RUSTC_BOOTSTRAP=1
exec \"$@\" -Zsanitizer=address -Cdebuginfo=line-tables-only '-Clink-arg=-Wl,--export-dynamic-symbol=__asan_*'
";

fn address_sanitizer(workspace: &Workspace) -> Result {
    build_all(workspace)?;
    let target = workspace.target("asan");
    for folder in ["deps", "build", ".fingerprint"] {
        let below = Path::new("debug").join(folder);
        link_all(&workspace.target.join(&below), &target.join(below))?;
    }
    let script = target.join("rustc");
    write_script(&script, INSTRUMENT)?;
    let has_nextest = works(command("cargo").args(["nextest", "--version"]));
    let mut tests = command("cargo");
    tests.args(if has_nextest {
        &["nextest", "run", "--no-fail-fast", "-E", AT_THE_BOUNDARY][..]
    } else {
        &["test"][..]
    });
    tests.args(["--tests", "--locked"]);
    for package in ["plugin-abi", "plugin-host", "flyte-host", "tests"] {
        tests.args(["--package", package]);
    }
    tests.env("RUSTC_WORKSPACE_WRAPPER", script).env("CARGO_TARGET_DIR", target);
    // What `xtask test` prepares is not there, and tests may skip it.
    tests.env("ASAN_OPTIONS", ASAN_OPTIONS).env_remove("CI");
    run(tests.current_dir(&workspace.root))
}

/// The ordinary build of everything, as the tests need it: other checks take its programs, plugins and
/// dependencies.
pub(crate) fn build_all(workspace: &Workspace) -> Result {
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
