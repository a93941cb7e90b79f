//! The process table: `/proc` on Linux, nothing elsewhere.

use std::fs;
#[cfg(target_os = "linux")]
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
};

use rustix::process::Pid;

/// The fields of `/proc/<id>/stat` after the name, which may contain any character.
struct Stat(Vec<String>);

impl Stat {
    fn read(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, fields) = text.rsplit_once(')')?;
        Some(Self(fields.split_whitespace().map(str::to_owned).collect()))
    }

    /// A field by its number in proc(5).
    fn field(&self, number: usize) -> Option<&str> {
        self.0.get(number.checked_sub(3)?).map(String::as_str)
    }

    fn is_dead(&self) -> bool {
        matches!(self.field(3), Some("Z" | "X"))
    }

    #[cfg(target_os = "linux")]
    fn parent(&self) -> Option<u32> {
        self.field(4)?.parse().ok()
    }

    fn started(&self) -> Option<u64> {
        self.field(22)?.parse().ok()
    }

    fn group(&self) -> Option<u32> {
        self.field(5)?.parse().ok()
    }
}

/// When a process started, in clock ticks since boot; 0 if unknown.
pub(super) fn started(id: u32) -> u64 {
    Stat::read(id).and_then(|stat| stat.started()).unwrap_or_default()
}

/// Whether a group has processes that are not zombies. `true` where that is unknown.
pub(super) fn lives(group: Pid) -> bool {
    let Ok(group) = u32::try_from(group.as_raw_nonzero().get()) else { return false };
    fs::read_dir("/proc/self").is_err()
        || ids().any(|id| Stat::read(id).is_some_and(|stat| stat.group() == Some(group) && !stat.is_dead()))
}

/// A process at one moment.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct ProcessEntry {
    pub(super) id: u32,
    pub(super) parent: u32,
    /// In clock ticks since boot.
    pub(super) started: u64,
    /// Whether it is a zombie.
    pub(super) is_dead: bool,
}

/// All processes.
#[cfg(target_os = "linux")]
pub(super) fn entries() -> Vec<ProcessEntry> {
    let entry = |id| {
        let stat = Stat::read(id)?;
        Some(ProcessEntry { id, parent: stat.parent()?, started: stat.started()?, is_dead: stat.is_dead() })
    };
    ids().filter_map(entry).collect()
}

/// An environment variable that a process was started with; `None` also if it cannot be read.
#[cfg(target_os = "linux")]
pub(super) fn variable(id: u32, name: &str) -> Option<OsString> {
    let environment = fs::read(format!("/proc/{id}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|text| text.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

fn ids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Lookups for tests.
#[cfg(test)]
pub(in crate::runner) mod probe {
    use std::{thread, time::Duration};

    use rustix::process::Pid;

    use super::{lives, started};
    use crate::store::task_execution::ProcessIdentity;

    /// The process with an id.
    pub(in crate::runner) fn process(id: u32) -> ProcessIdentity {
        ProcessIdentity { id, started: started(id) }
    }

    /// Whether a process and its group are gone.
    pub(in crate::runner) fn is_gone(process: ProcessIdentity) -> bool {
        !lives(Pid::from_raw(i32::try_from(process.id).unwrap()).unwrap())
    }

    /// Whether they are gone within five seconds: a killed process takes a moment to die.
    pub(in crate::runner) fn is_gone_soon(process: ProcessIdentity) -> bool {
        (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(5));
            is_gone(process)
        })
    }
}
