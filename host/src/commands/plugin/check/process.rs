//! The process that runs a plugin's code, from its parent's side.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::message::{CHILD_ARGUMENT, Call, Message, Observation, Task, Times};
use crate::env;

/// How long child processes of the plugin may need to end after it.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(5);
/// How long the process may need to end by itself.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How many of the last lines on the standard error explain a death.
const MAX_LINES: usize = 2;
/// How long the process may need before its first call, at least.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What a process found, until it ended.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) observations: Vec<Observation>,
    pub(super) times: BTreeMap<String, Times>,
    /// The call in which the process ended, if it did not end by itself.
    pub(super) died_in: Option<Call>,
    /// The check itself failed; the reason.
    pub(super) failed: Option<String>,
}

/// Runs a process. `limit` is for one call; `folder` becomes the working directory. `on_call` gets the name
/// of each function that is called.
///
/// # Errors
///
/// If the process cannot be started.
pub(super) fn run(
    task: &Task,
    limit: Duration,
    folder: &Path,
    on_call: &mut dyn FnMut(&str),
) -> io::Result<Outcome> {
    let stderr = tempfile::tempfile()?;
    let mut child = start(task, folder, &stderr)?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let received = child.stdout.take().map(|pipe| receive(pipe, limit, on_call)).unwrap_or_default();
    let Received { mut outcome, call, is_done, timed_out } = received;
    if timed_out || (is_done && !ends_by_itself(&mut child)?) {
        // It has ended meanwhile, or ends now.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let leaves_processes = !timed_out && group.is_some_and(is_left);
    if let Some(group) = group {
        // Nothing is left of most.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let has_forked = outcome.observations.last().is_some_and(|observation| observation.code == "forks");
    if has_forked {
        // The second process has ended the first one.
        outcome.died_in = Some(call);
    } else if !is_done && outcome.failed.is_none() {
        let (code, message) = if timed_out {
            ("hang", format!("no answer within {}", flyte_text::duration(limit)))
        } else {
            death(status, &last_lines(stderr))
        };
        if call == Call::default() {
            // No code of a plugin has run.
            outcome.failed = Some(message);
            return Ok(outcome);
        }
        outcome.observations.push(Observation {
            code: code.to_owned(),
            call: call.clone(),
            message,
            remedy: None,
        });
        outcome.died_in = Some(call);
    } else if leaves_processes {
        outcome.observations.push(Observation {
            code: "leaves-processes".to_owned(),
            call: Call { function: "process".to_owned(), input: String::new() },
            message: "left a process behind".to_owned(),
            remedy: None,
        });
    }
    Ok(outcome)
}

fn start(task: &Task, folder: &Path, stderr: &File) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD_ARGUMENT).arg(serde_json::to_string(task)?);
    for secret in env::SECRETS {
        command.env_remove(secret);
    }
    // The last lines on the standard error explain a death; a backtrace would be in their place.
    command.env("RUST_BACKTRACE", "0");
    command.current_dir(folder).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr.try_clone()?);
    command.spawn()
}

#[derive(Default)]
struct Received {
    outcome: Outcome,
    /// What ran last.
    call: Call,
    is_done: bool,
    timed_out: bool,
}

/// Reads the lines of the process until it closes the pipe, or until a call takes too long.
fn receive(pipe: ChildStdout, limit: Duration, on_call: &mut dyn FnMut(&str)) -> Received {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        // An error means that the receiver is gone: the limit is over.
        lines.map(|line| send.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    let mut received = Received::default();
    let mut next = limit.max(START_LIMIT);
    loop {
        match lines.recv_timeout(next) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(Message::Enter(call)) => {
                    on_call(&call.function);
                    next = limit;
                    received.call = call;
                }
                Ok(Message::Found(observation)) => received.outcome.observations.push(observation),
                Ok(Message::Done(times)) => {
                    received.outcome.times = times;
                    received.is_done = true;
                    // A process that the plugin left behind may keep the pipe open.
                    return received;
                }
                Ok(Message::Failed(reason)) => received.outcome.failed = Some(reason),
                Err(error) => log::debug!("cannot read a line of the checked process: {error}"),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => return received,
            Err(mpsc::RecvTimeoutError::Timeout) => return Received { timed_out: true, ..received },
        }
    }
}

/// Whether the process ends soon, after it has called everything.
fn ends_by_itself(child: &mut Child) -> io::Result<bool> {
    let deadline = Instant::now() + ENDS_WITHIN;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        thread::sleep(INTERVAL);
    }
    Ok(true)
}

/// Whether a process of the group is still there after a while.
fn is_left(group: Pid) -> bool {
    let deadline = Instant::now() + SETTLES_WITHIN;
    while test_kill_process_group(group).is_ok() {
        if Instant::now() > deadline {
            return true;
        }
        thread::sleep(INTERVAL);
    }
    false
}

/// The code and the sentence for a process that ended inside a plugin.
fn death(status: ExitStatus, stderr: &str) -> (&'static str, String) {
    let because = if stderr.is_empty() { String::new() } else { format!(": {stderr}") };
    match status.code() {
        Some(code) => ("exit", format!("ended the process with exit code {code}{because}")),
        // The standard library writes `signal: 6 (SIGABRT)`.
        None if status.signal().is_some() => (
            "crash",
            format!("crashed with {}{because}", status.to_string().replacen("signal: ", "signal ", 1)),
        ),
        None => ("crash", format!("ended the process{because}")),
    }
}

fn last_lines(mut stderr: File) -> String {
    let mut bytes = Vec::new();
    if stderr.rewind().and_then(|()| stderr.read_to_end(&mut bytes)).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(MAX_LINES)..];
    last.iter().map(|line| flyte_text::sanitize_line(line)).collect::<Vec<_>>().join("; ")
}
