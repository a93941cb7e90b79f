//! The official Python package as a judge.

use std::{env, ffi::OsString, path::Path, process::Command};

/// Returns the interpreter that has flytekit, or says that the test is skipped; in CI it must be there.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn interpreter() -> Option<OsString> {
    let python = env::var_os("FLYTE_TEST_PYTHON");
    if python.is_none() {
        let ci = env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "`FLYTE_TEST_PYTHON` must name a Python with flytekit");
        eprintln!("skipped: `FLYTE_TEST_PYTHON` names no Python with flytekit");
    }
    python
}

/// Runs a script of `tests/fixtures` and returns what it prints.
pub(crate) fn run(python: &OsString, script: &str, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(script);
    let output = Command::new(python)
        .arg(&script)
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", python.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} says\n{text}{errors}", script.display());
    text
}
