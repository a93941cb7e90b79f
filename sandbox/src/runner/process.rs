//! The process of an attempt: leader of a group of its own, which ends with it.
//!
//! It is born behind a gate, a shell that waits for a word before it becomes the task's program. So nothing of a task
//! runs before its process was written down, and an engine that dies in between leaves nothing behind: the word never
//! comes.

mod group;
mod table;

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin, Command},
    time::{sleep, timeout},
};

use self::group::Group;
pub(crate) use self::group::sweep;
use super::{Kill, Process, environment::Environment, failure::Failure, folder::Folder};

/// How long a process that is asked to end may take before it is made to.
const GRACE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };

/// Waits for the word and becomes the program; ends if the engine does.
const GATE: &str = r#"read -r word || exit 125; exec "$@" </dev/null"#;

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

/// Starts a program behind the gate.
pub(super) fn start(
    program: &Path,
    arguments: &[String],
    environment: &Environment,
    folder: &Folder,
) -> Result<Running, Failure> {
    let log = |path: PathBuf| File::create(&path).map_err(Failure::files("write", path));
    let failed = |source| Failure::Start { program: program.display().to_string(), source };
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(GATE).arg("flyte-host");
    // Shells drop variables whose names they could not use; `env` does not.
    let odd: Vec<_> = environment.iter().filter(|(name, _)| !is_shell_name(name)).collect();
    if !odd.is_empty() {
        command.arg("/usr/bin/env");
        for (name, value) in odd {
            let mut pair = OsStr::new(name).to_owned();
            pair.push("=");
            pair.push(value);
            command.arg(pair);
        }
    }
    command
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir(folder.work())
        .stdin(Stdio::piped())
        .stdout(log(folder.stdout())?)
        .stderr(log(folder.stderr())?);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    let id = child.id().ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
    let process = Process { id, started: table::started(id) };
    Ok(Running { gate: child.stdin.take(), child, group: Group::new(id), process })
}

fn is_shell_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
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
        let waited = |source| Failure::Start { program: "wait".to_owned(), source };
        let end = tokio::select! {
            biased;
            status = self.child.wait() => End::Ended(status.map_err(waited)?),
            () = wanted(kill) => End::Killed,
            () = passed(limit) => End::TimedOut,
        };
        if !matches!(end, End::Ended(_)) {
            self.group.ask_to_end();
            if timeout(GRACE, self.child.wait()).await.is_err() {
                self.group.end();
                self.child.wait().await.map_err(waited)?;
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

#[cfg(test)]
mod probe {
    use std::{thread, time::Duration};

    use rustix::process::Pid;

    use super::{super::Process, table};

    /// The process with a number.
    pub(in crate::runner) fn of(id: u32) -> Process {
        Process { id, started: table::started(id) }
    }

    /// Whether a process and its group are gone.
    pub(in crate::runner) fn no_one_is_left(process: Process) -> bool {
        !table::lives(Pid::from_raw(i32::try_from(process.id).unwrap()).unwrap())
    }

    /// Whether they are gone before long: what is killed needs a moment to die.
    pub(in crate::runner) fn is_gone_soon(process: Process) -> bool {
        (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(5));
            no_one_is_left(process)
        })
    }
}
#[cfg(test)]
pub(super) use self::probe::{is_gone_soon, no_one_is_left, of};
