//! The official client, unmodified, with what it does without executions:
//! `tests/fixtures/flytekit/remote.py`.

use std::{io::Write, path::Path, process::Command};

use sandbox::{EngineStart, server::ServerOptions};

use super::{Served, bind_with};

/// The cases that need no engine.
const CASES: &[&str] = &[
    "task_registered_and_fetched",
    "workflow_registered_and_fetched",
    "default_launch_plan",
    "latest_version",
    "identical_again",
    "different_again",
    "lists_with_pages",
    "lists_sorted",
    "lists_filtered",
    "names_listed",
    "projects_and_domains",
    "upload",
    "unknown_names",
    "unknown_project",
];

#[test]
fn flytekit_works_against_the_server() {
    let Some(python) = std::env::var_os("FLYTE_TEST_PYTHON") else {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "FLYTE_TEST_PYTHON must name a Python with flytekit"
        );
        writeln!(std::io::stderr(), "skipped: FLYTE_TEST_PYTHON names no Python with flytekit").unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = bind_with(&folder, EngineStart::External, &ServerOptions::default()).unwrap();
    let served = Served::run(folder, server);
    let home = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/flytekit/remote.py");
    let output = Command::new(python)
        .arg(script)
        .arg(served.address.to_string())
        .arg(home.path())
        .args(CASES)
        .env_clear()
        .envs(["PATH", "PYTHONPATH"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("HOME", home.path())
        .env("LANG", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
