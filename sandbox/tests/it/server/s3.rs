//! The object store, by the clients that tasks use: `tests/fixtures/sandbox/object_store.py`.

use std::{io::Write as _, path::Path, process::Command};

use sandbox::{EngineStart, server::ServerOptions};

use super::{Served, bind_with};

#[test]
fn the_clients_of_tasks_store_and_read_objects() {
    let Some(python) = std::env::var_os("FLYTE_TEST_PYTHON").filter(|path| !path.is_empty()) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "`FLYTE_TEST_PYTHON` is not set");
        writeln!(std::io::stderr(), "skipped: `FLYTE_TEST_PYTHON` names no Python with flytekit").unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = bind_with(&folder, EngineStart::External, &ServerOptions::default()).unwrap();
    let served = Served::run(folder, server);
    let home = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/sandbox/object_store.py");
    let output = Command::new(python)
        .arg(script)
        .args([&format!("http://{}", served.address), "miniostorage"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("LANG", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed, "with_boto3\nwith_s3fs\nwith_obstore\nwith_flytekit\n");
}
