//! Watches the process around each call: what was printed, what changed, how long it took.
//!
//! There is one observer a process, since the steps of loading are announced by a plain function. It is not
//! locked while code of the plugin runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use plugin_host::calls::{ProcessState, StateChange, StateKind, guard_descriptor};

use super::resources::peak_memory;
use crate::{
    app::process_exit::flush_c_streams,
    commands::plugin::check::message::{Call, Message, Observation, Times},
};

/// How much of what a plugin prints is quoted.
const MAX_QUOTED: usize = 60;

/// Bytes that no call should need at once.
const MUCH_MEMORY: u64 = 256 << 20;

static OBSERVER: Mutex<Option<Observer>> = Mutex::new(None);

/// Watches calls, and reports to the parent.
pub(super) struct Observer {
    pipe: File,
    process: u32,
    skip: Vec<String>,
    outputs: [Output; 2],
    folder: PathBuf,
    files: BTreeSet<OsString>,
    /// The most memory that the process had before the call that runs.
    peak: u64,
    /// The call that runs.
    running: Option<Running>,
    /// The call that runs, or that ran last.
    call: Call,
    times: BTreeMap<String, Times>,
    /// Codes and functions that were reported; each is reported once.
    reported: BTreeSet<(String, String)>,
}

struct Running {
    state: ProcessState,
    since: Instant,
}

/// A standard stream, which leads to a file.
struct Output {
    file: File,
    length: u64,
    code: &'static str,
    name: &'static str,
}

impl Output {
    fn new(descriptor: u32, code: &'static str, name: &'static str) -> io::Result<Self> {
        // Opened anew, for an offset of its own.
        let file = File::open(format!("/proc/self/fd/{descriptor}"))?;
        let length = file.metadata()?.len();
        Ok(Self { file, length, code, name })
    }

    /// What was written since the last time.
    fn take(&mut self) -> Option<String> {
        let length = self.file.metadata().ok()?.len();
        let new = usize::try_from(length.checked_sub(self.length)?).ok()?;
        let mut bytes = vec![0; new.min(4 * MAX_QUOTED)];
        self.file.read_exact_at(&mut bytes, self.length).ok()?;
        self.length = length;
        (new > 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Observer {
    /// Watches this process. `pipe` leads to the parent; functions of `skip` are not called.
    pub(super) fn new(pipe: File, skip: Vec<String>) -> io::Result<Self> {
        use std::os::fd::AsRawFd as _;

        guard_descriptor(pipe.as_raw_fd(), "the output of the command");
        let folder = std::env::current_dir()?;
        Ok(Self {
            process: process::id(),
            skip,
            outputs: [
                Output::new(1, "prints-to-stdout", "the standard output")?,
                Output::new(2, "prints-to-stderr", "the standard error")?,
            ],
            // Those of a process before this one were reported.
            files: names(&folder),
            folder,
            peak: peak_memory().unwrap_or_default(),
            running: None,
            call: Call::default(),
            times: BTreeMap::new(),
            reported: BTreeSet::new(),
            pipe,
        })
    }

    fn send(&mut self, message: &Message) {
        // The parent that is gone ends this process.
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.pipe.write_all((text + "\n").as_bytes());
        }
    }

    fn found(&mut self, code: &str, message: &str, remedy: Option<String>) {
        if self.reported.insert((code.to_owned(), self.call.function.clone())) {
            let (call, message) = (self.call.clone(), message.to_owned());
            self.send(&Message::Found(Observation { code: code.to_owned(), call, message, remedy }));
        }
    }

    fn enter(&mut self, function: &str, input: &str) {
        self.call = Call { function: function.to_owned(), input: input.to_owned() };
        self.send(&Message::Enter(self.call.clone()));
        self.running = Some(Running { state: ProcessState::now(), since: Instant::now() });
    }

    fn leave(&mut self) -> Option<Duration> {
        let Running { state, since } = self.running.take()?;
        let took = since.elapsed();
        if process::id() != self.process {
            self.found("forks", "returned in a second process as well", None);
            end_both();
        }
        for change in state.restore() {
            self.found(change_code(&change), &format!("changed {}", change.what), None);
        }
        flush_c_streams();
        for index in 0..self.outputs.len() {
            let Output { code, name, .. } = self.outputs[index];
            if let Some(text) = self.outputs[index].take() {
                self.found(code, &format!("printed {} to {name}", quoted(&text)), None);
            }
        }
        self.look_for_files();
        self.look_at_memory();
        Some(took)
    }

    fn look_for_files(&mut self) {
        for name in names(&self.folder) {
            if self.files.insert(name.clone()) {
                self.found(
                    "writes-files",
                    &format!("wrote `{}` into the working directory", name.display()),
                    None,
                );
            }
        }
    }

    fn look_at_memory(&mut self) {
        let Some(peak) = peak_memory() else { return };
        let more = peak.saturating_sub(std::mem::replace(&mut self.peak, peak));
        if more > MUCH_MEMORY {
            self.found("large-memory", &format!("used {} MiB of memory at once", more >> 20), None);
        }
    }

    fn time(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let times = self
            .times
            .entry(self.call.function.clone())
            .or_insert(Times { fastest_seconds: f64::INFINITY, ..Times::default() });
        times.calls += 1;
        times.fastest_seconds = times.fastest_seconds.min(seconds);
        times.slowest_seconds = times.slowest_seconds.max(seconds);
    }
}

/// The names of the files in a folder.
fn names(folder: &Path) -> BTreeSet<OsString> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.file_name()).collect()
}

/// In a process that the plugin forked: ends it, and the first one before it forks again.
fn end_both() -> ! {
    if let Some(first) = rustix::process::getppid() {
        // It may have ended already.
        let _ = rustix::process::kill_process(first, rustix::process::Signal::KILL);
    }
    process::abort()
}

fn change_code(change: &StateChange) -> &'static str {
    match change.kind {
        StateKind::Descriptor => "changes-descriptors",
        StateKind::Directory => "changes-directory",
        StateKind::Environment => "changes-environment",
        StateKind::Locale => "changes-locale",
        StateKind::Signal => "changes-signals",
        StateKind::Terminal => "changes-terminal",
        StateKind::Umask => "changes-umask",
    }
}

fn quoted(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = flyte_text::sanitize_line(line).into_owned();
    match line.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("`{}…`", &line[..end]),
        None => format!("`{line}`"),
    }
}

fn observer() -> MutexGuard<'static, Option<Observer>> {
    OBSERVER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with<T: Default>(act: impl FnOnce(&mut Observer) -> T) -> T {
    observer().as_mut().map(act).unwrap_or_default()
}

/// Starts to watch this process.
pub(super) fn start(new: Observer) {
    *observer() = Some(new);
}

/// Sends a message to the parent.
pub(super) fn send(message: &Message) {
    with(|observer| observer.send(message));
}

/// Reports what was found in the call that runs, or ran last.
pub(super) fn found(code: &str, message: &str, remedy: Option<String>) {
    with(|observer| observer.found(code, message, remedy));
}

/// Announces a call.
pub(super) fn enter(function: &str, input: &str) {
    with(|observer| observer.enter(function, input));
}

/// Compares the process with what it was before the call that runs, if one does, and counts its time.
pub(super) fn leave() {
    with(|observer| {
        if let Some(took) = observer.leave() {
            observer.time(took);
        }
    });
}

/// Whether a function ended a process before.
pub(super) fn is_skipped(function: &str) -> bool {
    with(|observer| observer.skip.iter().any(|skipped| skipped == function))
}

/// Makes a call, and counts its time.
pub(super) fn call<T>(function: &str, input: &str, call: impl FnOnce() -> T) -> T {
    enter(function, input);
    let answer = call();
    leave();
    answer
}

/// Makes many calls, whose time is not counted.
pub(super) fn series<T>(function: &str, input: &str, calls: impl FnOnce() -> T) -> T {
    enter(function, input);
    let answer = calls();
    with(Observer::leave);
    answer
}

/// The fastest call of a function so far.
pub(super) fn fastest(function: &str) -> Duration {
    with(|observer| {
        let times = observer.times.get(function)?;
        Duration::try_from_secs_f64(times.fastest_seconds).ok()
    })
    .unwrap_or_default()
}

/// Notes how many bytes each call of a function kept.
pub(super) fn note_kept(function: &str, bytes: u64) {
    with(|observer| {
        if let Some(times) = observer.times.get_mut(function) {
            times.kept_bytes = Some(bytes);
        }
    });
}

/// Sends the times, and says that everything was called.
pub(super) fn finish() {
    with(|observer| {
        let times = std::mem::take(&mut observer.times);
        observer.send(&Message::Done(times));
    });
}
