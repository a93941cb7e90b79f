//! What tests ask of processes.

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
