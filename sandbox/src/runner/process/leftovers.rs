//! What an attempt leaves running outside of its process group: daemons, and whatever called `setsid`.
//!
//! Every process of an attempt inherits a variable that names the attempt's folder, and Linux shows what a process
//! inherited. So the processes of an attempt are known though their parents are gone, also to the next engine; and those of
//! another attempt, which have another name, are never taken for them. What an attempt starts without that variable (`env
//! -i`) is known as long as a parent of it is. Behind that, an engine that is a process of its own adopts orphans
//! (`PR_SET_CHILD_SUBREAPER`): whatever it did not start itself is ended when no attempt is left that it could belong to.

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

/// How long what was killed may take to die before it is looked at again.
const STEP: Duration = Duration::from_millis(2);
/// How often it is tried to end what is left.
const SWEEPS: u32 = 2500;

/// Whether orphans become children of this process.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// The processes that attempts of this program began with, and that nobody but their attempts may wait for.
static LEADERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Makes this process the parent of what its attempts leave behind. For a process that starts nothing but attempts.
pub(crate) fn adopt() {
    match set_child_subreaper(Some(getpid())) {
        Ok(()) => ADOPTS.store(true, Ordering::Relaxed),
        Err(error) => log::warn!("what tasks leave behind cannot be adopted: {error}"),
    }
}

/// The first process of an attempt, until this is dropped.
#[derive(Debug)]
pub(super) struct Leader(u32);

impl Leader {
    /// Starts the process; `id` gives its number.
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
}

impl Leader {
    /// Notes that the process was waited for.
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

/// Whatever an attempt leaves behind.
#[derive(Clone, Debug)]
pub(super) struct Leftovers {
    mark: OsString,
}

impl Leftovers {
    /// That of the attempt in a folder, which is there.
    pub(super) fn new(folder: &Path) -> Self {
        // The next engine may name the sandbox's folder otherwise.
        Self { mark: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).into_os_string() }
    }

    /// The variable that an attempt's processes have to inherit.
    pub(super) fn variable(&self) -> (&'static str, &OsStr) {
        (MARK, &self.mark)
    }

    /// Ends all of it. The attempt's first process must have ended.
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
        log::warn!("what the attempt in `{}` left running cannot be ended", self.mark.display());
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

/// The adopted processes without a mark, once no attempt is left that they could belong to.
fn orphans(all: &[ProcessEntry], marks: &[Option<OsString>]) -> Vec<u32> {
    let leaders = leaders();
    if !ADOPTS.load(Ordering::Relaxed) || !leaders.is_empty() {
        return Vec::new();
    }
    let own = std::process::id();
    let adopted = all.iter().zip(marks).filter(|(entry, mark)| entry.parent == own && mark.is_none());
    adopted.map(|(entry, _)| entry.id).collect()
}

/// Buries adopted processes that are dead.
fn reap(all: &[ProcessEntry]) {
    if !ADOPTS.load(Ordering::Relaxed) {
        return;
    }
    let leaders = leaders();
    let own = std::process::id();
    for entry in
        all.iter().filter(|entry| entry.parent == own && entry.is_dead && !leaders.contains(&entry.id))
    {
        // An error says that it was buried already.
        let _ = pid(entry.id).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
    }
}

/// Kills the process that was seen, and not one that got its number since.
fn kill(entry: &ProcessEntry) {
    let Some(pid) = pid(entry.id) else { return };
    // Errors say that it ended in the meantime.
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
