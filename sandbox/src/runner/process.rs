//! The process of an attempt. It leads a process group, which is killed when it ends, as are processes that
//! left it.

#[cfg(unix)]
mod group;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(unix)]
mod start_gate;
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

#[cfg(target_os = "linux")]
pub(crate) use self::leftovers::adopt;
#[cfg(target_os = "linux")]
use self::leftovers::{Leader, Leftovers};
#[cfg(not(target_os = "linux"))]
pub(crate) use self::portable::adopt;
#[cfg(not(target_os = "linux"))]
use self::portable::{Leader, Leftovers};
#[cfg(test)]
pub(super) use self::table::probe;
#[cfg(unix)]
use self::{group::ProcessGroup, start_gate::command, table::started};
#[cfg(not(unix))]
use self::{
    portable::single as group,
    portable::single::{ProcessGroup, command, started},
};
use super::{
    attempt::Kill,
    environment::Environment,
    error::AttemptError,
    folder::{AttemptFolder, on_disk},
    warm::{WarmParents, WarmProcess, WarmStart},
};
use crate::store::task_execution::ProcessIdentity;

/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };

/// How a process ended.
#[derive(Debug)]
pub(super) enum ProcessEnd {
    /// It exited, or another process killed it.
    Ended(ExitStatus),
    /// It was killed on request.
    Killed,
    /// It exceeded its timeout.
    TimedOut,
}

/// A started process, at its start gate or past it.
#[derive(Debug)]
pub(super) struct RunningProcess {
    handle: Handle,
    group: ProcessGroup,
    process: ProcessIdentity,
    leader: Leader,
    leftovers: Leftovers,
    /// Whether nothing is left to kill.
    is_over: bool,
}

/// How a process is let go and waited for.
#[derive(Debug)]
enum Handle {
    Child {
        child: Child,
        gate: Option<ChildStdin>,
    },
    /// A fork of a warm process.
    Warm(WarmProcess),
}

impl Handle {
    /// Opens the start gate.
    async fn go(&mut self) -> io::Result<()> {
        match self {
            Self::Child { gate, .. } => match gate.take() {
                Some(mut gate) => gate.write_all(b"go\n").await,
                None => Ok(()),
            },
            Self::Warm(process) => process.go().await,
        }
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Child { child, .. } => child.wait().await,
            Self::Warm(process) => process.wait().await,
        }
    }

    /// Kills it after its group was killed, and waits for its end.
    async fn kill(&mut self) -> io::Result<()> {
        match self {
            Self::Child { child, .. } => child.kill().await,
            Self::Warm(process) => process.wait().await.map(drop),
        }
    }
}

impl Drop for RunningProcess {
    fn drop(&mut self) {
        if !self.is_over {
            // The future was dropped.
            self.group.end();
            self.leftovers.end();
        }
    }
}

/// Starts a program, at its start gate where there is one (Unix).
pub(super) fn start(
    program: &Path,
    arguments: &[String],
    environment: &Environment,
    folder: &AttemptFolder,
) -> Result<RunningProcess, AttemptError> {
    let log = |path: PathBuf| File::create(&path).map_err(AttemptError::files("write", path));
    let failed = |source| AttemptError::Start { program: program.display().to_string(), source };
    let leftovers = Leftovers::new(folder.path());
    let (mark, value) = leftovers.variable();
    let mut command = command(program, environment);
    command
        .args(arguments)
        .env_clear()
        .envs(environment)
        .env(mark, value)
        .current_dir(folder.work())
        .stdout(log(folder.stdout())?)
        .stderr(log(folder.stderr())?)
        .kill_on_drop(true);
    let (mut child, leader) = Leader::start(|| command.spawn(), Child::id).map_err(failed)?;
    let id = child.id().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let process = ProcessIdentity { id, started: started(id) };
    let gate = child.stdin.take();
    Ok(RunningProcess {
        handle: Handle::Child { child, gate },
        group: ProcessGroup::new(id),
        process,
        leader,
        leftovers,
        is_over: false,
    })
}

/// As [`start`], as a fork of a warm process of an interpreter.
///
/// # Errors
///
/// Why it has to be a process of its own.
pub(super) async fn start_warm(
    parents: &WarmParents,
    interpreter: PathBuf,
    (program, arguments): (&Path, &[String]),
    environment: &Environment,
    folder: &AttemptFolder,
) -> Result<RunningProcess, String> {
    let leftovers = Leftovers::new(folder.path());
    let (mark, value) = leftovers.variable();
    let (stdout, stderr) = (folder.stdout(), folder.stderr());
    for log in [&stdout, &stderr] {
        File::create(log).map_err(|error| error.to_string())?;
    }
    let start = WarmStart {
        program,
        arguments,
        environment,
        mark: (mark, value.to_owned()),
        folder: &folder.work(),
        stdout: &stdout,
        stderr: &stderr,
    };
    let forked = parents.start(interpreter, start).await?;
    let id = forked.id;
    Ok(RunningProcess {
        handle: Handle::Warm(forked),
        group: ProcessGroup::new(id),
        process: ProcessIdentity { id, started: started(id) },
        leader: Leader::for_fork(id),
        leftovers,
        is_over: false,
    })
}

/// Kills what an attempt of an earlier engine left running, and waits until it has ended.
pub(crate) fn sweep(process: ProcessIdentity, folder: &Path) {
    group::sweep(process);
    Leftovers::new(folder).end();
}

impl RunningProcess {
    pub(super) fn process(&self) -> ProcessIdentity {
        self.process
    }

    /// Opens the start gate, and waits for the end of the process and of everything that it left running.
    pub(super) async fn wait(
        mut self,
        limit: Option<Duration>,
        kill: Kill,
    ) -> Result<ProcessEnd, AttemptError> {
        if let Err(error) = self.handle.go().await {
            // It ended already; its exit code says why.
            log::debug!("process {} did not wait for its start: {error}", self.process.id);
        }
        let end = tokio::select! {
            biased;
            status = self.handle.wait() => ProcessEnd::Ended(status.map_err(AttemptError::Wait)?),
            () = wanted(kill) => ProcessEnd::Killed,
            () = passed(limit) => ProcessEnd::TimedOut,
        };
        if !matches!(end, ProcessEnd::Ended(_)) {
            self.group.ask_to_end();
            if timeout(GRACE, self.handle.wait()).await.is_err() {
                self.group.end();
                self.handle.kill().await.map_err(AttemptError::Wait)?;
            }
        }
        // As in a container, nothing outlives the first process.
        self.group.end();
        self.group.gone().await;
        self.leader.ended();
        let leftovers = self.leftovers.clone();
        on_disk(move || leftovers.end()).await;
        self.is_over = true;
        Ok(end)
    }
}

/// Waits for the request to kill the attempt.
async fn wanted(mut kill: Kill) {
    if kill.wait_for(|wanted| *wanted).await.is_err() {
        // The sender is gone: there will be no request.
        std::future::pending().await
    }
}

async fn passed(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}
