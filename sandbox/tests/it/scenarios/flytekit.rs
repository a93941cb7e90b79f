//! flytekit's programs for tasks, in a process that has imported flytekit once.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

pub(super) struct Flytekit {
    folder: TempDir,
    server: Child,
}

impl Flytekit {
    pub(super) fn start(python: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenarios/warm.py");
        let mut server = Command::new(python)
            .arg(script)
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        let interpreter = fs::canonicalize(python).unwrap();
        let client = include_str!("client.py").replace("@SOCKET@", socket.to_str().unwrap());
        for program in ["pyflyte-execute", "pyflyte-fast-execute", "pyflyte-map-execute"] {
            let path = folder.path().join(program);
            fs::write(&path, format!("#!{} -ISE\n{client}", interpreter.display())).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, server }
    }

    /// The `PATH` of an engine whose tasks find these programs.
    pub(super) fn path(&self) -> OsString {
        let own = env::var_os("PATH").unwrap_or_default();
        env::join_paths(std::iter::once(self.folder.path().to_owned()).chain(env::split_paths(&own))).unwrap()
    }

    /// The folder of the workflows' modules.
    pub(super) fn workflows() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/workflows")
    }
}

impl Drop for Flytekit {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
