//! `sandbox stop`: stops the server.

use std::{path::Path, thread, time::Instant};

use sandbox::server::{RunningServer, running_server};

use super::background::POLL_INTERVAL;
use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// How long a server may take to finish running calls.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// Runs `sandbox stop`.
pub(super) fn run(ui: &Ui, root: &Path) -> Result<(), CommandError> {
    let Some(server) = running_server(root) else {
        ui.note("no server is running\n");
        return Ok(());
    };
    let RunningServer { pid, address } = server;
    end(server)?;
    let started = Instant::now();
    while running_server(root).is_some_and(|now| now == server) {
        if started.elapsed() > TIMEOUT {
            return Err(CommandError::new(
                Exit::Failed,
                format!("the server on `{address}` is still running after {}", flyte_text::duration(TIMEOUT)),
            )
            .hint(format!("run `kill -9 {pid}`")));
        }
        thread::sleep(POLL_INTERVAL);
    }
    ui.note(format_args!("stopped the server on `{address}`\n"));
    Ok(())
}

#[cfg(unix)]
fn end(server: RunningServer) -> Result<(), CommandError> {
    use rustix::process::{Pid, Signal, kill_process};

    let pid = i32::try_from(server.pid).ok().and_then(Pid::from_raw);
    let sent = pid.map_or(Err(rustix::io::Errno::SRCH), |pid| kill_process(pid, Signal::TERM));
    match sent {
        // It ended meanwhile.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(CommandError::new(Exit::Failed, format!("could not stop process {}", server.pid))
            .caused_by(std::io::Error::from(error))),
    }
}

#[cfg(not(unix))]
fn end(server: RunningServer) -> Result<(), CommandError> {
    Err(CommandError::new(Exit::Failed, "could not stop the server: not supported on this system")
        .hint(format!("press Ctrl-C in the terminal of process {}", server.pid)))
}
