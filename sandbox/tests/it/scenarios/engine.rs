//! The engine of a scenario: this test's own binary, so that it can be killed and has a `PATH` of its own.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sandbox::engine::{self, RunMode};

/// The variable that makes this binary an engine: the sandbox's folder.
const FOLDER: &str = "SANDBOX_SCENARIO_FOLDER";

/// The folders in which programs leave things, and their names below the sandbox's.
const OWN_FOLDERS: [(&str, &str); 2] = [("HOME", "home"), ("TMPDIR", "temporary")];

pub(super) struct Engine(Child);

/// Creates the folders of an engine.
pub(super) fn make_folders(folder: &Path) {
    OWN_FOLDERS.iter().for_each(|(_, name)| fs::create_dir(folder.join(name)).unwrap());
}

/// What is left in the folders of an engine that has ended; what its processes remove takes a moment.
pub(super) fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let list = || -> Vec<PathBuf> {
        let folders = OWN_FOLDERS.iter().flat_map(|(_, name)| fs::read_dir(folder.join(name)).unwrap());
        folders.map(|entry| entry.unwrap().path()).collect()
    };
    for _ in 0..500 {
        if list().is_empty() {
            return Vec::new();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    list()
}

impl Engine {
    pub(super) fn start(folder: &Path, path: &OsStr) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "scenarios::engine::engine_process", "--nocapture"])
            .env(FOLDER, folder)
            .env("PATH", path)
            .envs(OWN_FOLDERS.map(|(variable, name)| (variable, folder.join(name))))
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
