//! A process and its descendants, as far as they stay together.

use std::{thread, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::time::sleep;

use super::table;
use crate::store::task_execution::ProcessIdentity;

/// How long the system may take to clear away what was killed.
const CLEARING: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(2);

/// How often it is tried to end a group; what hangs in the kernel may not hang the engine.
const SWEEPS: u32 = 2500;

/// The group that a process leads. It ends when this is dropped, so also with an engine that gives up.
#[derive(Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(super) fn new(leader: u32) -> Self {
        Self(pid(leader))
    }

    /// Asks all of it to end.
    pub(super) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all of it.
    pub(super) fn end(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // An error says that there is nothing left.
        let _ = self.0.map(|group| kill_process_group(group, signal));
    }

    /// Waits until none of it is left, so that no one writes any more. What is dead and not yet buried counts as
    /// left; hence the limit.
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

/// Ends the process group of an attempt whose engine died, and waits until nothing of it is left.
///
/// No new process gets a number that a group has. So if the leader's number belongs to a process that started at another
/// time, the group is gone; and if it belongs to none, whoever is in the group is of the attempt. Where the system does
/// not say when a process started, a stranger might be hit, and nothing is done.
pub(super) fn sweep(process: ProcessIdentity) {
    let Some(group) = pid(process.id).filter(|_| process.started != 0) else { return };
    for _ in 0..SWEEPS {
        let leader = table::started(process.id);
        if (leader != 0 && leader != process.started) || !table::lives(group) {
            return;
        }
        // An error says that it ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
        thread::sleep(STEP);
    }
    log::warn!("the process group {} of an earlier attempt cannot be ended", process.id);
}
