//! The child process from its parent's side.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use plugin_host::access::Accesses;

use super::{
    child::{ARGUMENT, Message, RecordedAccesses},
    dependencies::{Dependencies, Request},
    record::{Death, Outcome, PluginCall, PluginEdits, Record},
};
use crate::env;

/// What came from the child until it ended.
#[derive(Default)]
struct Received {
    /// What ran last.
    call: Option<PluginCall>,
    answer: Option<(Vec<PluginEdits>, RecordedAccesses)>,
    /// The child said that it has no answer.
    no_answer: bool,
}

/// Asks the plugins in a child process; `None` if they have to be loaded here.
pub(super) fn record(program: Dependencies, request: &Request<'_>, limit: Duration) -> Option<Record> {
    let asked = SystemTime::now();
    let mut child = start(request)?;
    let (received, ended) = receive(child.stdout.take()?, limit);
    let (verb, cause) = if ended {
        let status = child.wait().ok()?;
        if let Some((plugins, accesses)) = received.answer {
            let accesses = Accesses {
                variables: accesses.variables.into_iter().collect(),
                files: accesses.files.into_iter().collect(),
                directory: accesses.directory,
                opaque: None,
            };
            return Some(Record::new(program.with_accesses(&accesses), Outcome::Edits(plugins), asked));
        }
        if received.no_answer {
            return None;
        }
        death(status)?
    } else {
        // It has ended meanwhile, or ends now.
        let _ = child.kill();
        child.wait().ok()?;
        ("timed out", format!("no answer within {}", flyte_text::duration(limit)))
    };
    let died = Outcome::Died(Death { call: received.call?, verb: verb.to_owned(), cause });
    Some(Record::new(program.with_environment(), died, asked))
}

fn start(request: &Request<'_>) -> Option<Child> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.arg(ARGUMENT).args(request.plugins);
    if request.isolates_all {
        command.env(env::PLUGIN_ISOLATE, "1");
    }
    // Plugins print and log to no one here; when they are loaded for a command, the user sees it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().inspect_err(|error| log::debug!("cannot start a process: {error}")).ok()
}

/// Reads the child's lines until it closes the pipe; `false` if it did not within the limit.
fn receive(pipe: ChildStdout, limit: Duration) -> (Received, bool) {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        // An error means that the receiver is gone: the limit is over.
        lines.map(|line| send.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    let mut received = Received::default();
    let deadline = std::time::Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(Message::Call(call)) => received.call = Some(call),
                Ok(Message::NoAnswer) => received.no_answer = true,
                Ok(Message::Answer { plugins, accesses }) => received.answer = Some((plugins, accesses)),
                Err(error) => log::debug!("cannot read the answer of a child process: {error}"),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => return (received, true),
            Err(mpsc::RecvTimeoutError::Timeout) => return (received, false),
        }
    }
}

/// What the plugin did, and how the child died; `None` if a plugin started a program, which the child must
/// not do.
fn death(status: ExitStatus) -> Option<(&'static str, String)> {
    match (status.code(), status.signal()) {
        (Some(code), _) => Some(("ended the process", format!("exit code {code}"))),
        (_, Some(signal)) if signal == rustix::process::Signal::SYS.as_raw() => None,
        // The standard library writes `signal: 6 (SIGABRT)`.
        (_, Some(_)) => Some(("crashed", status.to_string().replacen("signal: ", "signal ", 1))),
        (None, None) => None,
    }
}
