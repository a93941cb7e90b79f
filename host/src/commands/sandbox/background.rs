//! A server that goes on when the command that started it has ended.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use sandbox::server::{RunningServer, running_server};

use crate::{
    flyte::session,
    ui::{error::Failure, exit_code::Exit},
};

/// What the server prints.
const LOG: &str = "server.log";

/// How often a server that starts or ends is looked after.
pub(super) const TURN: Duration = Duration::from_millis(20);

/// Starts a server with the arguments of `sandbox start`, and returns when it listens.
pub(super) fn start(root: &Path, arguments: &[String]) -> Result<RunningServer, Failure> {
    let path = root.join(LOG);
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Failed, "the server cannot be started in the background").caused_by(error)
    };
    sandbox::prepare_folder(root).map_err(|error| session::unopened(&error))?;
    let log = File::create(&path).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["--no-plugins", "sandbox", "start"]).args(arguments);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
    #[cfg(unix)]
    {
        // A Ctrl-C for this command is none for the server.
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(failed)?;
    loop {
        if let Some(running) = running_server(root).filter(|running| running.pid == child.id()) {
            return Ok(running);
        }
        if has_ended(&mut child)? {
            return Err(told_in(&path));
        }
        thread::sleep(TURN);
    }
}

fn has_ended(child: &mut Child) -> Result<bool, Failure> {
    let status = child.try_wait();
    status
        .map(|status| status.is_some())
        .map_err(|error| Failure::new(Exit::Failed, "the server cannot be watched").caused_by(error))
}

/// The failure of a server that ended, in its own words.
fn told_in(log: &Path) -> Failure {
    let text = fs::read_to_string(log).unwrap_or_default();
    let after = |line: &str, word: &str| line.trim().strip_prefix(word).map(|rest| rest.trim().to_owned());
    let found = |word: &str| text.lines().filter_map(|line| after(line, word)).collect::<Vec<_>>();
    let message = found("error:").into_iter().next();
    let mut failure = Failure::new(Exit::Failed, message.unwrap_or_else(|| "the server ended".to_owned()));
    failure.causes = found("caused by:");
    failure.hints = found("hint:");
    failure
}
