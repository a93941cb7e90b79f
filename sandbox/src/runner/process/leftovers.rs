//! Processes that an attempt leaves outside of its process group: daemons, and others that called `setsid`.
//!
//! Every process of an attempt inherits an environment variable with the attempt's folder, which Linux shows
//! in `/proc/<id>/environ`. So the processes of an attempt are found after their parents ended, also by the
//! next engine, and are never confused with those of another attempt. A process without the variable (`env
//! -i`) is found by its parent. In addition, an engine that is a process of its own adopts orphans
//! (`PR_SET_CHILD_SUBREAPER`) and kills those that it did not start once no attempt is running.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, pidfd_send_signal,
        set_child_subreaper, waitpid,
    },
};

use super::table::{self, ProcessEntry};

/// The variable that marks the processes of an attempt.
const MARK: &str = "FLYTE_SANDBOX_ATTEMPT";

/// The pause between two sweeps: a killed process takes a moment to die.
const STEP: Duration = Duration::from_millis(2);
/// How often leftover processes are killed before giving up.
const SWEEPS: u32 = 2500;

/// Whether orphans become children of this process.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// The first processes of the running attempts. Only their attempts may wait for them.
static LEADERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Makes this process the parent of orphans. For a process that starts nothing but attempts.
pub(crate) fn adopt() {
    match set_child_subreaper(Some(getpid())) {
        Ok(()) => ADOPTS.store(true, Ordering::Relaxed),
        Err(error) => log::warn!("cannot adopt orphans of tasks: {error}"),
    }
}

/// The first process of an attempt, until this is dropped.
#[derive(Debug)]
pub(super) struct Leader(u32);

impl Leader {
    /// Starts the process; `id` returns its process id.
    pub(super) fn start<T>(
        start: impl FnOnce() -> io::Result<T>,
        id: impl FnOnce(&T) -> Option<u32>,
    ) -> io::Result<(T, Self)> {
        let mut leaders = leaders();
        let started = start()?;
        let id = id(&started).ok_or(io::ErrorKind::NotFound)?;
        leaders.insert(id);
        Ok((started, Self(id)))
    }

    /// The fork of a warm process, by its process id.
    pub(super) fn for_fork(id: u32) -> Self {
        leaders().insert(id);
        Self(id)
    }

    /// Notes that the process was reaped.
    pub(super) fn ended(&self) {
        leaders().remove(&self.0);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.ended();
    }
}

fn leaders() -> MutexGuard<'static, BTreeSet<u32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The leftover processes of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Leftovers {
    mark: OsString,
}

impl Leftovers {
    /// Of the attempt in a folder, which exists.
    pub(super) fn new(folder: &Path) -> Self {
        // The next engine may reach the folder by another path.
        Self { mark: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).into_os_string() }
    }

    /// The environment variable that an attempt's processes inherit.
    pub(super) fn variable(&self) -> (&'static str, &OsStr) {
        (MARK, &self.mark)
    }

    /// Kills all of them. The attempt's first process must have ended.
    pub(super) fn end(&self) {
        for _ in 0..SWEEPS {
            let all = table::entries();
            reap(&all);
            let left = self.among(&all);
            if left.is_empty() {
                return;
            }
            left.into_iter().for_each(kill);
            thread::sleep(STEP);
        }
        log::warn!("cannot kill the processes that the attempt in `{}` left running", self.mark.display());
    }

    fn among<'a>(&self, all: &'a [ProcessEntry]) -> Vec<&'a ProcessEntry> {
        let marks: Vec<_> = all.iter().map(|entry| table::variable(entry.id, MARK)).collect();
        let is_ours = |mark: &Option<OsString>| mark.as_deref() == Some(&self.mark);
        let mut found: BTreeSet<u32> =
            all.iter().zip(&marks).filter(|(_, mark)| is_ours(mark)).map(|(entry, _)| entry.id).collect();
        found.extend(orphans(all, &marks));
        // Those without the mark, by their parents.
        let unmarked: Vec<_> = all.iter().zip(&marks).filter(|(_, mark)| mark.is_none()).collect();
        let mut known = 0;
        while known != found.len() {
            known = found.len();
            let below = unmarked.iter().filter(|(entry, _)| found.contains(&entry.parent));
            let below: Vec<u32> = below.map(|(entry, _)| entry.id).collect();
            found.extend(below);
        }
        let own = std::process::id();
        all.iter().filter(|entry| found.contains(&entry.id) && !entry.is_dead && entry.id != own).collect()
    }
}

/// The adopted processes without the variable, once no attempt is running.
fn orphans(all: &[ProcessEntry], marks: &[Option<OsString>]) -> Vec<u32> {
    let leaders = leaders();
    if !ADOPTS.load(Ordering::Relaxed) || !leaders.is_empty() {
        return Vec::new();
    }
    let own = std::process::id();
    let adopted = all.iter().zip(marks).filter(|(entry, mark)| entry.parent == own && mark.is_none());
    adopted.map(|(entry, _)| entry.id).collect()
}

/// Reaps adopted processes that have ended.
fn reap(all: &[ProcessEntry]) {
    if !ADOPTS.load(Ordering::Relaxed) {
        return;
    }
    let leaders = leaders();
    let own = std::process::id();
    for entry in
        all.iter().filter(|entry| entry.parent == own && entry.is_dead && !leaders.contains(&entry.id))
    {
        // An error means that it was reaped already.
        let _ = pid(entry.id).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
    }
}

/// Kills a process, unless its id was reused since.
fn kill(entry: &ProcessEntry) {
    let Some(pid) = pid(entry.id) else { return };
    // Errors mean that it ended meanwhile.
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) if table::started(entry.id) == entry.started => {
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
        // Before Linux 5.3.
        Err(Errno::NOSYS) => {
            let _ = kill_process(pid, Signal::KILL);
        }
        _ => {}
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}
