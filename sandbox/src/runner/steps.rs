//! The steps of an attempt: prepare its folder, run the process, collect its outputs.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
};

use flyte_client::{
    atomic_file,
    proto::core::{DataLoadingConfig, VariableMap, WorkflowExecutionIdentifier},
};
use prost::Message as _;

use super::{
    attempt::{Attempt, AttemptOutcome, Kill},
    command,
    environment::{self, Environment},
    error::AttemptError,
    fast,
    folder::{self, AttemptFolder, on_disk},
    inputs,
    log::{self, RunnerLog},
    mounts::Mount,
    outputs::{self, Kept},
    plain_path::PlainPath,
    process::{self, ProcessEnd, RunningProcess},
    template::{self, PlaceholderValues},
    warm,
};
use crate::{blobs, objects, store::task_execution::ProcessIdentity};

/// Copilot's default paths.
const INPUT_PATH: &str = "/var/flyte/inputs";
const OUTPUT_PATH: &str = "/var/flyte/outputs";

/// Flyte's name for the folder of checkpoints.
const CHECKPOINTS: &str = "_flytecheckpoints";

/// What the process is started with.
struct Prepared {
    program: PathBuf,
    line: Vec<String>,
    environment: Environment,
    log: RunnerLog,
    /// The folder's path in the command.
    alias: PlainPath,
}

/// Runs an attempt. Returns how its process ended, for the record, and the outcome.
pub(super) async fn run(
    attempt: &Arc<Attempt>,
    folder: &AttemptFolder,
    started: impl FnOnce(ProcessIdentity),
    kill: Kill,
) -> Result<(String, Result<AttemptOutcome, AttemptError>), AttemptError> {
    let (owned, place) = (Arc::clone(attempt), folder.clone());
    let prepared = on_disk(move || prepare(&owned, &place)).await?;
    let Prepared { program, line, environment, mut log, alias } = prepared;
    let name = line.first().cloned().unwrap_or_default();
    let command = (program.as_path(), line.get(1..).unwrap_or_default());
    let running = match start_warm(attempt, command, &environment, folder, &mut log, &kill).await {
        Some(running) => running,
        None if *kill.borrow() => return Ok(("none".to_owned(), Ok(AttemptOutcome::Killed))),
        None => process::start(command.0, command.1, &environment, folder)?,
    };
    started(running.process());
    let end = running.wait(attempt.timeout, kill).await?;
    drop(alias);
    let status = match end {
        ProcessEnd::Ended(status) => status,
        ProcessEnd::Killed => return Ok(("none".to_owned(), Ok(AttemptOutcome::Killed))),
        ProcessEnd::TimedOut => return Ok(("none".to_owned(), Ok(AttemptOutcome::TimedOut))),
    };
    let (attempt, folder) = (Arc::clone(attempt), folder.clone());
    Ok(on_disk(move || {
        let ended = describe(status);
        log.line(&format!("ended: {ended}"));
        (ended, collect(&attempt, &folder, &name, status, &mut log))
    })
    .await)
}

/// Starts a task of flytekit as a fork; `None` if it needs a fresh process, or is to be killed.
async fn start_warm(
    attempt: &Attempt,
    command: (&Path, &[String]),
    environment: &Environment,
    folder: &AttemptFolder,
    log: &mut RunnerLog,
    kill: &Kill,
) -> Option<RunningProcess> {
    let parents = attempt.warm.as_ref()?;
    let mut kill = kill.clone();
    let started = match warm::interpreter(command.0)? {
        Ok(interpreter) => tokio::select! {
            started = process::start_warm(parents, interpreter, command, environment, folder) => started,
            // Without its sender there is no request to kill it.
            Ok(_) = kill.wait_for(|wanted| *wanted) => return None,
        },
        Err(reason) => Err(reason),
    };
    match started {
        Ok(running) => {
            log.line("process: a fork of a warm one");
            Some(running)
        }
        Err(reason) => {
            log.line(&format!("process: a fresh one: {reason}"));
            None
        }
    }
}

fn prepare(attempt: &Attempt, folder: &AttemptFolder) -> Result<Prepared, AttemptError> {
    folder.make()?;
    let mut log = RunnerLog::open(folder)?;
    let container = command::container(&attempt.task)?;
    let alias = PlainPath::new(folder.path()).map_err(AttemptError::files("link to", folder.path()))?;
    let seen = AttemptFolder::new(alias.path());
    let write =
        |path: PathBuf, bytes: Vec<u8>| fs::write(&path, bytes).map_err(AttemptError::files("write", path));
    let whole = attempt.array_inputs.as_ref().unwrap_or(&attempt.inputs);
    write(folder.inputs_message(), whole.encode_to_vec())?;
    write(folder.task_message(), attempt.task.encode_to_vec())?;
    let data = container.data_config.as_ref().filter(|data| data.enabled);
    let (inputs, mounts) = match data {
        Some(data) => (
            inputs::write(&attempt.inputs, &seen.inputs(), data.format(), &attempt.blobs)?,
            mounts(data, &seen),
        ),
        None => (attempt.inputs.clone(), Vec::new()),
    };
    let kept = kept(attempt, attempt.names.attempt);
    // What a run of this attempt left that was cut off, protected maybe, is not mixed with its outputs.
    match fs::remove_dir_all(&kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(AttemptError::files("remove", &kept)(error));
        }
        _ => {}
    }
    fs::create_dir_all(&kept).map_err(AttemptError::files("create the folder", &kept))?;
    let values = values(attempt, &seen, &kept);
    let mut line = command::line((&attempt.task, &container), &inputs, &values, &mounts)?;
    let mut environment = environment::build(attempt, &container, folder, &mounts, |name| env::var_os(name))?;
    if let Some(fast) = fast::prepare(&line, &seen.work(), &attempt.blobs)? {
        line = fast.line;
        environment::put_first(&mut environment, "PYTHONPATH", &seen.work());
        if let Some(archive) = fast.unpacked {
            log.line(&format!("code: unpacked `{archive}`"));
        }
    }
    let name = line.first().map(String::as_str).unwrap_or_default();
    let program = command::find(name, &environment, &folder.work(), &container.image)?;
    log.line(&format!("image: {} (not run; its command is run on this machine)", container.image));
    log.line(&format!("program: {}", program.display()));
    log.line(&format!("command: {}", quoted(&line)));
    Ok(Prepared { program, line, environment, log, alias })
}

fn mounts(data: &DataLoadingConfig, folder: &AttemptFolder) -> Vec<Mount> {
    let or = |path: &str, default: &str| if path.is_empty() { default.to_owned() } else { path.to_owned() };
    let mount = |path: String, folder: &Path| Mount { path, folder: folder.display().to_string() };
    vec![
        mount(or(&data.output_path, OUTPUT_PATH), &folder.outputs()),
        mount(or(&data.input_path, INPUT_PATH), &folder.inputs()),
    ]
}

/// The folder in which the files of an attempt's outputs are kept.
pub(super) fn kept(attempt: &Attempt, number: u32) -> PathBuf {
    let names = &attempt.names;
    kept_files(&attempt.blobs, &names.execution, &names.node, number)
}

fn kept_files(blobs: &Path, execution: &WorkflowExecutionIdentifier, node: &str, attempt: u32) -> PathBuf {
    let number = attempt.to_string();
    let folders: [&str; blobs::OUTPUTS_DEPTH] =
        [&execution.project, &execution.domain, &execution.name, node, &number];
    folders.into_iter().fold(blobs.join(blobs::OUTPUTS), |path, folder| path.join(folder))
}

/// The address of the checkpoints of an attempt.
pub(crate) fn checkpoints(
    root: &Path,
    execution: &WorkflowExecutionIdentifier,
    node: &str,
    attempt: u32,
) -> String {
    let blobs = root.join(blobs::FOLDER);
    blobs::uri_of_file(&blobs, &kept_files(&blobs, execution, node, attempt).join(CHECKPOINTS))
}

/// Keeps the deck of an attempt where Flyte keeps it, and returns its address; `None` if it has none.
pub(crate) fn keep_deck(
    root: &Path,
    attempt: &Path,
    (execution, node, number): (&WorkflowExecutionIdentifier, &str, u32),
) -> io::Result<Option<String>> {
    let deck = folder::deck(attempt);
    if !deck.is_file() {
        return Ok(None);
    }
    let WorkflowExecutionIdentifier { project, domain, name, .. } = execution;
    let blobs = root.join(blobs::FOLDER);
    let kept = blobs
        .join("metadata/propeller")
        .join(format!("{project}-{domain}-{name}"))
        .join(node)
        .join(format!("data/{number}"));
    atomic_file::replace(&kept.join(folder::DECK), &fs::read(deck)?)?;
    objects::protect(&kept)?;
    Ok(Some(blobs::uri_of_file(&blobs, &kept.join(folder::DECK))))
}

fn values(attempt: &Attempt, folder: &AttemptFolder, kept: &Path) -> PlaceholderValues {
    let text = |path: &Path| path.display().to_string();
    let names = &attempt.names;
    let before = names.attempt.checked_sub(1).map(|before| self::kept(attempt, before).join(CHECKPOINTS));
    PlaceholderValues {
        checkpoint_output_prefix: text(&kept.join(CHECKPOINTS)),
        input: text(&folder.inputs_message()),
        input_prefix: text(folder.path()),
        namespace: format!("{}-{}", names.execution.project, names.execution.domain),
        output_prefix: text(&folder.result()),
        per_retry_unique_key: template::unique_key(&format!(
            "{}-{}-{}",
            names.execution.name, names.node, names.attempt
        )),
        prev_checkpoint_prefix: before.filter(|path| path.exists()).map(|path| text(&path)),
        raw_output_data_prefix: match &attempt.raw_prefix {
            Some(prefix) => format!(
                "{}/{}-{}-{}",
                prefix.trim_end_matches('/'),
                names.execution.name,
                names.node,
                names.attempt
            ),
            None => blobs::uri_of_file(&attempt.blobs, kept),
        },
        task_template_path: text(&folder.task_message()),
    }
}

/// A command line, quoted for a shell.
fn quoted(line: &[String]) -> String {
    // It fails on a NUL only, with which no program can be started.
    shlex::try_join(line.iter().map(String::as_str)).unwrap_or_else(|_| line.join(" "))
}

fn collect(
    attempt: &Attempt,
    folder: &AttemptFolder,
    program: &str,
    status: ExitStatus,
    log: &mut RunnerLog,
) -> Result<AttemptOutcome, AttemptError> {
    let declared: Option<&VariableMap> =
        attempt.task.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
    if let Some(failure) = outputs::reported_error(folder, declared) {
        return Err(failure);
    }
    if !status.success() {
        return Err(unsuccessful(program, status, log::tail(&folder.stderr())));
    }
    if let Some(job) = outputs::job(folder)? {
        return Ok(AttemptOutcome::Dynamic(Box::new(job)));
    }
    let kept = kept(attempt, attempt.names.attempt);
    let outputs = outputs::collect(declared, folder, &Kept { blobs: &attempt.blobs, folder: &kept }, log)?;
    if attempt.element.is_some()
        && let Err(error) = fs::remove_file(folder.inputs_message())
    {
        // Each element has the inputs of all.
        log.line(&format!("the inputs cannot be removed: {error}"));
    }
    // The copies of the inputs and of the code are not needed any more.
    for path in [folder.inputs(), folder.work()] {
        if let Err(error) = fs::remove_dir_all(&path) {
            log.line(&format!("`{}` cannot be removed: {error}", path.display()));
        }
    }
    Ok(AttemptOutcome::Succeeded(outputs))
}

fn unsuccessful(program: &str, status: ExitStatus, tail: String) -> AttemptError {
    let program = program.to_owned();
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return AttemptError::Signal { program, number, name: signal_name(number), tail };
    }
    AttemptError::Exit { program, code: status.code().unwrap_or_default(), tail }
}

/// How a process ended, for the file `exit`.
fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {number}");
    }
    status.code().unwrap_or_default().to_string()
}

#[cfg(unix)]
fn signal_name(number: i32) -> &'static str {
    use rustix::process::Signal;
    let names = [
        (Signal::ABORT, "SIGABRT"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::HUP, "SIGHUP"),
        (Signal::ILL, "SIGILL"),
        (Signal::INT, "SIGINT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::SYS, "SIGSYS"),
        (Signal::TERM, "SIGTERM"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
    ];
    names.iter().find(|(signal, _)| signal.as_raw() == number).map_or("no common one", |(_, name)| name)
}
