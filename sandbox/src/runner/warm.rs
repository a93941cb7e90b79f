//! Python tasks in processes that have imported flytekit already: a warm process for each interpreter and
//! environment forks for each attempt, and the fork runs the unmodified entry point (`warm/parent.py`).
//!
//! An attempt has its own process group, working directory, environment, temporary folder and time limit as
//! in a process of its own. What a fork cannot carry is run in a fresh process, and `runner.log` says why.
//! When a warm process dies, its forks continue and report their ends themselves.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, IoSlice},
    mem::MaybeUninit,
    os::{fd::AsFd as _, unix::net::UnixStream as StdStream, unix::process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader as AsyncReader},
    net::UnixStream,
    time::timeout,
};

use super::private_folder::private_folder;
use crate::blobs;

/// The program of a warm process, for Python 3.9 and later.
const PROGRAM: &str = include_str!("warm/parent.py");

/// The module that a warm process imports: that of the programs in [`PROGRAMS`].
const MODULE: &str = "flytekit.bin.entrypoint";

/// What tasks import besides, if it is installed: the file system of their outputs' addresses.
const OTHERS: [&str; 1] = ["s3fs"];

/// The entry points of flytekit that may run in a fork.
const PROGRAMS: [&str; 2] = ["pyflyte-execute", "pyflyte-map-execute"];

/// Variables by name.
type Environment = BTreeMap<String, OsString>;

/// How many warm processes an engine has; the oldest ends when there would be more.
const MOST: usize = 4;

/// How long a warm process may take to import its module and to fork.
const PATIENCE: Duration = Duration::from_secs(60);

/// The variables that differ from attempt to attempt, and beginnings of such variables.
const OF_ATTEMPTS: [&str; 8] = [
    "BATCH_JOB_ARRAY_INDEX_VAR_NAME",
    "FLYTE_ATTEMPT_NUMBER",
    "FLYTE_INPUT_DIR",
    "FLYTE_K8S_ARRAY_INDEX",
    "FLYTE_OUTPUT_DIR",
    "FLYTE_SECRETS_DEFAULT_DIR",
    PYTHONPATH,
    "TMPDIR",
];
const PYTHONPATH: &str = "PYTHONPATH";
const BEGINNINGS_OF_ATTEMPTS: [&str; 2] = ["FLYTE_INTERNAL_", "_FSEC_"];

/// The size of the variable in which forks show their attempts' marks: the longest path.
const MARK_SIZE: usize = 4200;

/// The warm processes of an engine, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct WarmParents(Mutex<Vec<(ParentKey, Arc<Parent>)>>);

/// What the attempts of one warm process have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ParentKey {
    interpreter: PathBuf,
    environment: Environment,
}

/// A warm process; it is killed when this is dropped.
#[derive(Debug)]
struct Parent {
    control: StdStream,
    process: Mutex<Child>,
    temporary: PathBuf,
}

/// A fork that waits for its start.
#[derive(Debug)]
pub(super) struct WarmProcess {
    pub(super) id: u32,
    connection: AsyncReader<UnixStream>,
    /// It reports the ends that forks cannot report themselves, so it has to outlive them.
    _parent: Arc<Parent>,
}

/// Why there is no fork.
enum NoFork {
    /// No fork carries what the warm process has imported.
    Unfit(String),
    /// The warm process failed, or has imported what is not installed any more.
    Failed(String),
}

/// What a fork becomes.
pub(super) struct WarmStart<'a> {
    /// The program's file.
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) environment: &'a Environment,
    /// The variable that marks the attempt's processes.
    pub(super) mark: (&'static str, OsString),
    pub(super) folder: &'a Path,
    pub(super) stdout: &'a Path,
    pub(super) stderr: &'a Path,
}

/// The interpreter of a program that may run in a fork; `None` for other programs.
pub(super) fn interpreter(program: &Path) -> Option<Result<PathBuf, String>> {
    let name = program.file_name()?.to_str()?;
    if !PROGRAMS.contains(&name) || !cfg!(target_os = "linux") {
        return None;
    }
    let mut line = String::new();
    let read = File::open(program).and_then(|file| BufReader::new(file).read_line(&mut line));
    let interpreter = line.strip_prefix("#!").map(str::trim).unwrap_or_default();
    let is_python = Path::new(interpreter)
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with("python") && !name.contains(' '));
    Some(match read {
        Ok(_) if is_python && interpreter.starts_with('/') => Ok(interpreter.into()),
        _ => Err(format!("`{}` does not begin with the path of a Python", program.display())),
    })
}

impl WarmParents {
    /// Starts the process of an attempt, which waits at its start gate.
    ///
    /// # Errors
    ///
    /// Why it has to be a fresh process.
    pub(super) async fn start(
        &self,
        interpreter: PathBuf,
        start: WarmStart<'_>,
    ) -> Result<WarmProcess, String> {
        let request = request(&start)?;
        let key = ParentKey { interpreter, environment: common(&start) };
        let parent = self
            .parent(&key, start.mark.0)
            .map_err(|error| format!("no warm process could be started: {error}"))?;
        let forked = timeout(PATIENCE, parent.fork(&request)).await;
        let result = match forked {
            Ok(Ok(forked)) => return Ok(forked),
            // It answers the next attempt at once.
            Ok(Err(NoFork::Unfit(reason))) => return Err(reason),
            Ok(Err(NoFork::Failed(reason))) => Err(reason),
            Err(_) => Err(format!("the warm process did not answer within {} s", PATIENCE.as_secs())),
        };
        // The next attempt gets another one.
        let mut parents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parents.retain(|(_, other)| !Arc::ptr_eq(other, &parent));
        result
    }

    /// The folders for temporary files of the warm processes.
    #[cfg(test)]
    pub(super) fn temporary_folders(&self) -> Vec<PathBuf> {
        let parents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parents.iter().map(|(_, parent)| parent.temporary.clone()).collect()
    }

    fn parent(&self, key: &ParentKey, mark: &str) -> io::Result<Arc<Parent>> {
        let mut parents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, parent)) = parents.iter().find(|(other, _)| other == key) {
            return Ok(Arc::clone(parent));
        }
        let parent = Arc::new(Parent::start(key, mark)?);
        if parents.len() >= MOST {
            parents.remove(0);
        }
        parents.push((key.clone(), Arc::clone(&parent)));
        Ok(parent)
    }
}

/// The part of an environment that is the same for all attempts of a task.
fn common(start: &WarmStart<'_>) -> Environment {
    let is_common = |name: &str| {
        !OF_ATTEMPTS.contains(&name) && !BEGINNINGS_OF_ATTEMPTS.iter().any(|begin| name.starts_with(begin))
    };
    let variables = start.environment.iter().filter(|(name, _)| is_common(name));
    let mut common: Environment = variables.map(|(name, value)| (name.clone(), value.clone())).collect();
    // The folder with the code of fast registration is the attempt's own.
    let own = fs::canonicalize(start.folder).ok();
    if let Some(folders) = start.environment.get(PYTHONPATH) {
        let others = std::env::split_paths(folders).filter(|folder| fs::canonicalize(folder).ok() != own);
        // They were joined before.
        let joined = std::env::join_paths(others).unwrap_or_default();
        if !joined.is_empty() {
            common.insert(PYTHONPATH.to_owned(), joined);
        }
    }
    common
}

/// The request for a fork.
fn request(start: &WarmStart<'_>) -> Result<Vec<u8>, String> {
    let text = |what: &str, value: &std::ffi::OsStr| {
        value.to_str().map(str::to_owned).ok_or_else(|| format!("{what} is not UTF-8"))
    };
    let (mark, value) = (start.mark.0, text("its folder", &start.mark.1)?);
    let mut environment = BTreeMap::from([(mark.to_owned(), value.clone())]);
    for (name, value) in start.environment {
        environment.insert(name.clone(), text(&format!("the variable `{name}`"), value)?);
    }
    let mut arguments = vec![text("the program's path", start.program.as_os_str())?];
    arguments.extend(start.arguments.iter().cloned());
    let request = json!({
        "arguments": arguments,
        "environment": environment,
        "mark": format!("{mark}={value}"),
        "folder": text("its folder", start.folder.as_os_str())?,
        "stdout": text("its folder", start.stdout.as_os_str())?,
        "stderr": text("its folder", start.stderr.as_os_str())?,
    });
    Ok(format!("{request}\n").into_bytes())
}

impl Parent {
    fn start(key: &ParentKey, mark: &str) -> io::Result<Self> {
        let name = format!("flyte-warm-{}", &blobs::token()?[..16]);
        let temporary = std::env::temp_dir().join(name);
        private_folder(&temporary)?;
        let (control, theirs) = StdStream::pair()?;
        let started = Command::new(&key.interpreter)
            .args(["-c", PROGRAM, MODULE])
            .args(OTHERS)
            .env_clear()
            .envs(&key.environment)
            .env("TMPDIR", &temporary)
            // Forks write the mark of their attempt over it, where the system shows variables.
            .env(mark, " ".repeat(MARK_SIZE))
            .current_dir("/")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(process) => Ok(Self { control, process: Mutex::new(process), temporary }),
            Err(error) => {
                let _ = fs::remove_dir(&temporary);
                Err(error)
            }
        }
    }

    /// Forks for an attempt.
    async fn fork(self: &Arc<Self>, request: &[u8]) -> Result<WarmProcess, NoFork> {
        let died = |error: io::Error| NoFork::Failed(format!("the warm process has ended: {error}"));
        let (ours, theirs) = StdStream::pair().map_err(|error| NoFork::Failed(error.to_string()))?;
        let descriptors = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        sendmsg(&self.control, &[IoSlice::new(b"+")], &mut ancillary, SendFlags::NOSIGNAL)
            .map_err(|error| died(error.into()))?;
        drop(theirs);
        ours.set_nonblocking(true).map_err(died)?;
        let mut connection = AsyncReader::new(UnixStream::from_std(ours).map_err(died)?);
        connection.get_mut().write_all(request).await.map_err(died)?;
        let mut line = String::new();
        connection.read_line(&mut line).await.map_err(died)?;
        if let Some(reason) = line.strip_prefix("unfit ") {
            return Err(NoFork::Unfit(reason.trim_end().to_owned()));
        }
        if let Some(reason) = line.strip_prefix("stale ") {
            return Err(NoFork::Failed(reason.trim_end().to_owned()));
        }
        match line.strip_prefix("pid ").and_then(|id| id.trim_end().parse().ok()) {
            Some(id) => Ok(WarmProcess { id, connection, _parent: Arc::clone(self) }),
            // Importing flytekit failed, or it was killed.
            None => Err(NoFork::Failed("the warm process ended before it forked".to_owned())),
        }
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        // Errors mean that it ended already.
        let _ = process.kill();
        let _ = process.wait();
        if let Err(error) = fs::remove_dir_all(&self.temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::warn!("could not remove `{}`: {error}", self.temporary.display());
        }
    }
}

impl WarmProcess {
    /// Lets the fork become the program.
    pub(super) async fn go(&mut self) -> io::Result<()> {
        self.connection.get_mut().write_all(b"go\n").await
    }

    /// How it ended. A fork whose end was not reported was killed together with its parent.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let mut line = String::new();
        self.connection.read_line(&mut line).await?;
        let status = line.strip_prefix("ended ").and_then(|status| status.trim_end().parse().ok());
        Ok(ExitStatus::from_raw(status.unwrap_or(KILLED)))
    }
}

/// The wait status of a process that was killed by signal 9.
const KILLED: i32 = 9;
