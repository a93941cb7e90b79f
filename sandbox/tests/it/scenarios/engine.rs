//! The engine of a scenario: this test's own binary, so that it can be killed and has a `PATH` of its own.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Child, Command, Stdio},
};

use sandbox::engine::{self, RunMode};

/// The variable that makes this binary an engine: the sandbox's folder.
const FOLDER: &str = "SANDBOX_SCENARIO_FOLDER";

pub(super) struct Engine(Child);

impl Engine {
    pub(super) fn start(folder: &Path, path: &OsStr) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "scenarios::engine::engine_process", "--nocapture"])
            .env(FOLDER, folder)
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Not a test of its own: what [`Engine::start`] starts.
#[test]
fn engine_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (_open, shutdown) = tokio::sync::watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(engine::run(Path::new(&folder), RunMode::UntilShutdown(shutdown))).unwrap();
}
