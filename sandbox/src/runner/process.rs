//! The process of an attempt: leader of a group of its own, which ends with it.

#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod group;
#[cfg(not(unix))]
mod lone;
#[cfg(test)]
mod probe;
#[cfg(unix)]
mod table;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin},
    time::{sleep, timeout},
};

#[cfg(unix)]
pub(crate) use self::group::sweep;
#[cfg(not(unix))]
pub(crate) use self::lone::sweep;
#[cfg(not(unix))]
use self::lone::{Group, command, started};
#[cfg(test)]
pub(super) use self::probe::{is_gone_soon, no_one_is_left, of};
#[cfg(unix)]
use self::{gate::command, group::Group, table::started};
use super::{Kill, Process, environment::Environment, failure::Failure, folder::Folder};

/// How long a process that is asked to end may take before it is made to.
const GRACE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };

/// How a process ended.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Ended(ExitStatus),
    /// It was told to.
    Killed,
    /// It took too long.
    TimedOut,
}

/// A process behind its gate, or past it.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    gate: Option<ChildStdin>,
    group: Group,
    process: Process,
}

/// Starts a program; behind the gate, where there is one.
pub(super) fn start(
    program: &Path,
    arguments: &[String],
    environment: &Environment,
    folder: &Folder,
) -> Result<Running, Failure> {
    let log = |path: PathBuf| File::create(&path).map_err(Failure::files("write", path));
    let failed = |source| Failure::Start { program: program.display().to_string(), source };
    let mut command = command(program, environment);
    command
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir(folder.work())
        .stdout(log(folder.stdout())?)
        .stderr(log(folder.stderr())?)
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let id = child.id().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let process = Process { id, started: started(id) };
    Ok(Running { gate: child.stdin.take(), child, group: Group::new(id), process })
}

impl Running {
    pub(super) fn process(&self) -> Process {
        self.process
    }

    /// Opens the gate, and waits for the end of the process and of all that it left in its group.
    pub(super) async fn wait(mut self, limit: Option<Duration>, kill: Kill) -> Result<End, Failure> {
        if let Some(mut gate) = self.gate.take()
            && let Err(error) = gate.write_all(b"go\n").await
        {
            // It ended already; its exit code tells.
            log::debug!("process {} did not wait for its start: {error}", self.process.id);
        }
        let end = tokio::select! {
            biased;
            status = self.child.wait() => End::Ended(status.map_err(Failure::Wait)?),
            () = wanted(kill) => End::Killed,
            () = passed(limit) => End::TimedOut,
        };
        if !matches!(end, End::Ended(_)) {
            self.group.ask_to_end();
            if timeout(GRACE, self.child.wait()).await.is_err() {
                self.group.end();
                self.child.kill().await.map_err(Failure::Wait)?;
            }
        }
        // As in a container, nothing outlives the first process.
        self.group.end();
        self.group.gone().await;
        Ok(end)
    }
}

/// Returns when the attempt is to be killed.
async fn wanted(mut kill: Kill) {
    if kill.wait_for(|wanted| *wanted).await.is_err() {
        // Who could have wanted it is gone.
        std::future::pending().await
    }
}

async fn passed(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}
