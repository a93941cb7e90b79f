//! The official flytekit as a judge: runs a script of `tests/fixtures` on a list of cases.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Gives `questions` to a script and returns its answers; `None` where no judge is installed.
///
/// # Panics
///
/// If the script fails; and without a judge, where `CI` is `true`.
pub(crate) fn ask(script: &str, questions: &Value) -> Option<Value> {
    let Some(python) = std::env::var_os("FLYTE_TEST_PYTHON") else {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "FLYTE_TEST_PYTHON must name a Python with flytekit"
        );
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: FLYTE_TEST_PYTHON names no Python with flytekit").unwrap();
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(script);
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(python)
        .arg(&script)
        .env_clear()
        .envs(["PATH", "PYTHONPATH"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("HOME", home.path())
        .env("LANG", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(questions.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{} ended with {}", script.display(), output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in the judge's answer: {text}")))
}
