//! `sandbox stop`: ends the server.

use std::{path::Path, thread, time::Instant};

use sandbox::server::{RunningServer, running_server};

use super::background::TURN;
use crate::ui::{error::Failure, exit_code::Exit, output};

/// How long a server may take to finish what it answers.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Runs `sandbox stop`.
pub(super) fn run(root: &Path) -> Result<(), Failure> {
    let Some(server) = running_server(root) else {
        output::note("no server is running\n");
        return Ok(());
    };
    let RunningServer { pid, address } = server;
    end(server)?;
    let asked = Instant::now();
    while running_server(root).is_some_and(|now| now == server) {
        if asked.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::Failed, format!("the server on `{address}` does not end"))
                .hint(format!("end process {pid} by the system's means")));
        }
        thread::sleep(TURN);
    }
    output::note(&format!("the server on `{address}` has ended\n"));
    Ok(())
}

#[cfg(unix)]
fn end(server: RunningServer) -> Result<(), Failure> {
    use rustix::process::{Pid, Signal, kill_process};

    let pid = i32::try_from(server.pid).ok().and_then(Pid::from_raw);
    let sent = pid.map_or(Err(rustix::io::Errno::SRCH), |pid| kill_process(pid, Signal::TERM));
    match sent {
        // Somebody else was quicker.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => {
            Err(Failure::new(Exit::Failed, format!("process {} cannot be asked to end", server.pid))
                .caused_by(std::io::Error::from(error)))
        }
    }
}

#[cfg(not(unix))]
fn end(server: RunningServer) -> Result<(), Failure> {
    Err(Failure::new(Exit::Failed, "a server cannot be asked to end on this system")
        .hint(format!("press Ctrl-C where it runs: it is process {}", server.pid)))
}
