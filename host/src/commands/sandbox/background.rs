//! A server in the background, which outlives the command that started it.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use sandbox::server::{RunningServer, running_server};
use serde::Deserialize;

use crate::{
    flyte::session,
    ui::{error::CommandError, exit_code::Exit},
};

/// The output of the server.
const LOG: &str = "server.log";

/// How often a server that starts or stops is checked.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Starts a server with the arguments of `sandbox start`, and returns when it listens.
pub(super) fn start(root: &Path, arguments: &[String]) -> Result<RunningServer, CommandError> {
    let path = root.join(LOG);
    let failed = |error: std::io::Error| {
        CommandError::new(Exit::Failed, "could not start the server in the background").caused_by(error)
    };
    sandbox::prepare_folder(root).map_err(session::sandbox_open_failure)?;
    let log = File::create(&path).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    // Its error is read back from the log.
    command.args(["--no-plugins", "--output=json", "sandbox", "start"]).args(arguments);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
    #[cfg(unix)]
    {
        // Ctrl-C for this command does not reach the server.
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(failed)?;
    loop {
        if let Some(running) = running_server(root).filter(|running| running.pid == child.id()) {
            return Ok(running);
        }
        if has_ended(&mut child)? {
            return Err(reported_error(&path));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn has_ended(child: &mut Child) -> Result<bool, CommandError> {
    let status = child.try_wait();
    status
        .map(|status| status.is_some())
        .map_err(|error| CommandError::new(Exit::Failed, "could not check the server").caused_by(error))
}

/// The error in the log of a server that ended: its last line in JSON.
fn reported_error(log: &Path) -> CommandError {
    let text = fs::read_to_string(log).unwrap_or_default();
    let reported = text.lines().rev().find_map(|line| serde_json::from_str::<Report>(line).ok());
    reported.map_or_else(
        || {
            CommandError::new(Exit::Failed, "the server stopped")
                .hint(format!("read its log in `{}`", log.display()))
        },
        |Report { error: ReportedError { message, causes, hints } }| {
            CommandError::new(Exit::Failed, message).with_causes(causes).replace_hints(hints)
        },
    )
}

/// An error as `-o json` prints it.
#[derive(Deserialize)]
struct Report {
    error: ReportedError,
}

#[derive(Deserialize)]
struct ReportedError {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}
