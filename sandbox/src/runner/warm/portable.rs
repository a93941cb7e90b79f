//! Stand-ins for systems that are not Linux: every task has a fresh process.

use std::{
    convert::Infallible,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

type Environment = std::collections::BTreeMap<String, OsString>;

/// None.
#[derive(Debug, Default)]
pub(crate) struct WarmParents;

/// Does not exist.
#[derive(Debug)]
pub(super) struct WarmProcess {
    pub(super) id: u32,
    never: Infallible,
}

/// What a fork would become.
pub(super) struct WarmStart<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) environment: &'a Environment,
    pub(super) mark: (&'static str, OsString),
    pub(super) folder: &'a Path,
    pub(super) stdout: &'a Path,
    pub(super) stderr: &'a Path,
}

/// No program runs in a fork.
pub(super) fn interpreter(_: &Path) -> Option<Result<PathBuf, String>> {
    None
}

impl WarmParents {
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(super) async fn start(&self, _: PathBuf, _: WarmStart<'_>) -> Result<WarmProcess, String> {
        Err("this system has no forks".to_owned())
    }
}

impl WarmProcess {
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(super) async fn go(&mut self) -> io::Result<()> {
        match self.never {}
    }

    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self.never {}
    }
}
