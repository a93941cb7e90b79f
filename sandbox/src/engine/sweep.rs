//! Ends what an engine that was killed left running.

use crate::runner::Process;

/// Ends a process group that an earlier engine started, and waits until nothing of it is left.
#[cfg(target_os = "linux")]
pub(super) fn sweep(process: Process) {
    while let Some(group) = linux::leftover(process) {
        // An error means that it ended in the meantime.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Does nothing where the system does not say since when a process runs: a stranger might be hit.
#[cfg(not(target_os = "linux"))]
pub(super) fn sweep(_: Process) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use rustix::process::Pid;

    use crate::runner::Process;

    /// What a process is, by `/proc/<id>/stat`.
    struct Stat {
        is_dead: bool,
        group: u32,
        started: u64,
    }

    /// The group of a process, if members of it are alive.
    ///
    /// A number is not given to a new process while a group has it, so a leader with another start time means that
    /// the group is gone.
    pub(super) fn leftover(process: Process) -> Option<Pid> {
        let group = Pid::from_raw(i32::try_from(process.id).ok()?)?;
        if let Some(leader) = stat(process.id)
            && leader.started != process.started
        {
            return None;
        }
        let is_member = |id: u32| stat(id).is_some_and(|stat| stat.group == process.id && !stat.is_dead);
        let mut ids = fs::read_dir("/proc")
            .ok()?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.any(is_member).then_some(group)
    }

    fn stat(id: u32) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name, in brackets, may contain anything; what follows has fixed places from the third on.
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
        let state = fields.next()?;
        Some(Stat {
            is_dead: matches!(state, "Z" | "X"),
            group: fields.nth(1)?.parse().ok()?,
            started: fields.nth(16)?.parse().ok()?,
        })
    }
}
