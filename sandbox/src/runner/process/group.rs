//! The process group of an attempt.

use std::{thread, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::time::sleep;

use super::table;
use crate::store::task_execution::ProcessIdentity;

/// How long a killed group may take to die.
const CLEARING: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(2);

/// How often a group is killed before giving up: a process that hangs in the kernel must not block the
/// engine.
const SWEEPS: u32 = 2500;

/// The group that a process leads. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(super) fn new(leader: u32) -> Self {
        Self(pid(leader))
    }

    /// Sends SIGTERM.
    pub(super) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGKILL.
    pub(super) fn end(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // An error means that the group is empty.
        let _ = self.0.map(|group| kill_process_group(group, signal));
    }

    /// Waits until the group is empty, so that none of it writes any more. Zombies count; hence the time
    /// limit.
    pub(super) async fn gone(&mut self) {
        let Some(group) = self.0.take() else { return };
        let mut waited = Duration::ZERO;
        while test_kill_process_group(group).is_ok() && table::lives(group) && waited < CLEARING {
            sleep(STEP).await;
            waited += STEP;
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.end();
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// Kills the process group of an attempt whose engine died, and waits until it is empty.
///
/// The system does not reuse the id of an existing group. So if the leader's id belongs to a process that
/// started at another time, the group is gone; if it belongs to none, the members of the group are the
/// attempt's. Without start times, another process might be hit, and nothing is done.
pub(super) fn sweep(process: ProcessIdentity) {
    let Some(group) = pid(process.id).filter(|_| process.started != 0) else { return };
    for _ in 0..SWEEPS {
        let leader = table::started(process.id);
        if (leader != 0 && leader != process.started) || !table::lives(group) {
            return;
        }
        // An error means that it ended meanwhile.
        let _ = kill_process_group(group, Signal::KILL);
        thread::sleep(STEP);
    }
    log::warn!("cannot kill the process group {} of an earlier attempt", process.id);
}
