//! A process and its descendants, as far as they stay together.

use std::{path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::time::sleep;

use super::{super::Process, table};

/// How long the system may take to clear away what was killed.
const CLEARING: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(2);

/// The group that a process leads. It ends when this is dropped, so also with an engine that gives up.
#[derive(Debug)]
pub(super) struct Group(Option<Pid>);

impl Group {
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

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// Ends what is left of an attempt whose engine died.
///
/// The process is the recorded one only if it started when that one did. If it is gone, its group may still have others;
/// they are known by a variable that names the attempt's folder. Where the system does not tell such things (all but
/// Linux), a group is left alone rather than risking to hit another one.
pub(crate) fn sweep(process: Process, folder: &Path) {
    let leader_lives = process.started != 0 && table::started(process.id) == process.started;
    if leader_lives && let Some(group) = pid(process.id) {
        // An error says that it ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
    for member in table::marked_members(process.id, folder) {
        let _ = kill_process(member, Signal::KILL);
    }
}
