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

/// Below `HOME`: decks list packages with pip, which at times looks for a newer pip, keeps the answer, and
/// runs `rustc`, which may be rustup's.
const OF_PIP: [&str; 2] = [".cache/pip", ".rustup"];

pub(super) struct Engine(Child);

/// Creates the folders of an engine.
pub(super) fn make_folders(folder: &Path) {
    OWN_FOLDERS.iter().for_each(|(_, name)| fs::create_dir(folder.join(name)).unwrap());
}

/// What is left in the folders of an engine that has ended; what its processes remove takes a moment.
pub(super) fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let home = folder.join(OWN_FOLDERS[0].1);
    let is_of_pip = |path: &PathBuf| OF_PIP.iter().any(|below| path.starts_with(home.join(below)));
    let list = || -> Vec<PathBuf> {
        let folders = OWN_FOLDERS.iter().flat_map(|(_, name)| fs::read_dir(folder.join(name)).unwrap());
        let left = folders.flat_map(|entry| files(&entry.unwrap().path()));
        left.filter(|path| !is_of_pip(path)).collect()
    };
    for _ in 0..500 {
        if list().is_empty() {
            return Vec::new();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    list()
}

/// The files below a path, or the path of a file.
fn files(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) if !path.is_symlink() => {
            // One that disappears meanwhile is not left behind.
            let entries = entries.filter_map(Result::ok);
            let below: Vec<PathBuf> = entries.flat_map(|entry| files(&entry.path())).collect();
            if below.is_empty() { vec![path.to_owned()] } else { below }
        }
        _ => vec![path.to_owned()],
    }
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
