//! The official client, unmodified, against `sandbox start`. The cases are in `fixtures/flytekit/remote.py`.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tests::{Server, output, prepared};

use crate::home_with;

/// Fewer cases than this mean that some were lost.
const CASES: usize = 37;

#[test]
fn works_against_the_sandbox() {
    let Some(python) = prepared("FLYTE_TEST_PYTHON") else { return };
    let home = home_with(&[]);
    let server = Server::start(home.command().args(["sandbox", "start", "--port", "0"]));
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flytekit/remote.py");
    let mut official = Command::new(python);
    official.arg(script).arg(server.endpoint()).arg(folder.path());
    // As `sandbox start` prints them.
    official.env("FLYTE_AWS_ENDPOINT", format!("http://{}", server.endpoint()));
    official.env("FLYTE_AWS_ACCESS_KEY_ID", "minio").env("FLYTE_AWS_SECRET_ACCESS_KEY", "miniostorage");
    official.env("HOME", folder.path()).env_remove("FLYTECTL_CONFIG").stdin(Stdio::null());
    let output = output(official.current_dir(folder.path()));
    let printed = String::from_utf8_lossy(&output.stdout);
    let passed = printed.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(passed, CASES, "{printed}");
}
