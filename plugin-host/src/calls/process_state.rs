//! What all of a process shares, and no plugin should change: compared before and after a plugin's code,
//! restored where that is safe.
//!
//! It costs some 60 system calls a comparison, so it is done after `create`, `configure_cli` and the first
//! two calls of other functions, not after each call.
//!
//! While a transport runs, other threads of the program install handlers of signals and ask for passwords:
//! a plugin is not blamed for those, and they are not undone.

#![expect(unsafe_code, reason = "the C library's state is read and written by its own functions")]

use std::{
    collections::BTreeSet,
    ffi::{CStr, CString, OsString, c_char, c_int},
    fmt, mem,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use rustix::{fs::Mode, process};

use super::descriptors::{self, Descriptor};

use crate::Identity;

/// Signals whose action the host relies on. Those of crashes are left to plugins: a language's runtime may
/// need them, and calls the action before.
const SIGNALS: [(c_int, &str); 9] = [
    (libc::SIGPIPE, "SIGPIPE"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGCHLD, "SIGCHLD"),
    (libc::SIGTSTP, "SIGTSTP"),
    (libc::SIGWINCH, "SIGWINCH"),
    (libc::SIGALRM, "SIGALRM"),
];

/// Whether the program watches calls.
static IS_SUPERVISED: AtomicBool = AtomicBool::new(false);

/// Says that the program watches calls.
pub(super) fn set_supervised() {
    IS_SUPERVISED.store(true, Relaxed);
}

/// Runs code of a plugin. What it changed in the process is restored where that is safe, and named in a
/// warning. `site` says where the code is, after a verb: ``in `create` ``.
pub fn keep_process_state<T>(identity: &Identity, site: &str, call: impl FnOnce() -> T) -> T {
    let _state = KeptState::new(identity, site, Compared::All);
    call()
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    All,
    /// Without the actions of signals and the mode of the terminal, which the program itself may change
    /// meanwhile.
    BesideHost,
}

/// Restores and names, when it is dropped, what a plugin changed in the process since.
pub(super) struct KeptState<'a> {
    before: ProcessState,
    identity: &'a Identity,
    site: &'a str,
}

impl<'a> KeptState<'a> {
    fn new(identity: &'a Identity, site: &'a str, compared: Compared) -> Self {
        Self { before: ProcessState::read(compared), identity, site }
    }

    /// `None` in a program that does not watch calls.
    pub(super) fn new_if_supervised(
        identity: &'a Identity,
        site: &'a str,
        compared: Compared,
    ) -> Option<Self> {
        IS_SUPERVISED.load(Relaxed).then(|| Self::new(identity, site, compared))
    }
}

impl Drop for KeptState<'_> {
    fn drop(&mut self) {
        let changes: Vec<String> = self.before.restore().iter().map(StateChange::to_string).collect();
        if !changes.is_empty() {
            let (identity, site, changes) = (self.identity, self.site, changes.join(", "));
            let hint = identity.report_hint();
            log::warn!("{identity} changed the state of the process {site}: {changes}; {hint}");
        }
    }
}

/// The state of the process at one time: what all of it shares, and no plugin should change.
pub struct ProcessState {
    directory: Option<PathBuf>,
    umask: Mode,
    locale: Option<CString>,
    /// `None` is not compared.
    signals: [Option<libc::sigaction>; SIGNALS.len()],
    /// `None` if there is none, or is not compared.
    terminal: Option<libc::termios>,
    descriptors: Vec<Descriptor>,
    /// The addresses of the variables; a variable that is set anew has another one.
    environment: Vec<usize>,
}

/// A change of the process's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which part of the state.
    pub kind: StateKind,
    /// The part by its name, with what is known of the change.
    pub what: String,
    /// Whether it is as before now.
    pub is_restored: bool,
}

/// A part of the process's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// A descriptor that belongs to the program.
    Descriptor,
    /// The working directory.
    Directory,
    /// The environment variables.
    Environment,
    /// The locale of the C library.
    Locale,
    /// The action of a signal.
    Signal,
    /// The mode of the terminal at the standard input.
    Terminal,
    /// The mask of the permissions of new files.
    Umask,
}

impl fmt::Display for StateChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, if self.is_restored { "restored" } else { "not restored" })
    }
}

fn restored(kind: StateKind, what: impl Into<String>) -> StateChange {
    StateChange { kind, what: what.into(), is_restored: true }
}

impl ProcessState {
    /// The present state.
    #[must_use]
    pub fn now() -> Self {
        Self::read(Compared::All)
    }

    fn read(compared: Compared) -> Self {
        let is_all = compared == Compared::All;
        Self {
            directory: std::env::current_dir().ok(),
            umask: umask(),
            locale: locale(),
            signals: SIGNALS.map(|(signal, _)| is_all.then(|| action(signal)).flatten()),
            terminal: is_all.then(terminal).flatten(),
            descriptors: descriptors::open(),
            environment: environment(),
        }
    }

    /// Restores what was changed since, except the environment, which other threads may be reading. Returns
    /// what it was.
    pub fn restore(&self) -> Vec<StateChange> {
        // First: the warning goes to one of them.
        let mut changes = self.restore_descriptors();
        let now = Self::now();
        if let Some(before) = self.directory.as_ref().filter(|_| self.directory != now.directory) {
            let is_restored = process::chdir(before).is_ok();
            changes.push(StateChange {
                kind: StateKind::Directory,
                what: "the working directory".to_owned(),
                is_restored,
            });
        }
        if self.umask != now.umask {
            process::umask(self.umask);
            changes.push(restored(StateKind::Umask, "the umask"));
        }
        if let Some(before) = self.locale.as_deref().filter(|_| self.locale != now.locale) {
            set_locale(before);
            changes.push(restored(StateKind::Locale, "the locale"));
        }
        changes.extend(self.restore_signals(&now));
        changes.extend(self.restore_terminal(&now));
        changes.extend(self.changed_variables(&now));
        changes
    }

    fn restore_descriptors(&self) -> Vec<StateChange> {
        let changed = self.descriptors.iter().filter(|descriptor| descriptor.is_changed());
        let restore = |descriptor: &Descriptor| StateChange {
            kind: StateKind::Descriptor,
            what: descriptor.name().to_owned(),
            is_restored: descriptor.restore(),
        };
        changed.map(restore).collect()
    }

    fn restore_signals(&self, now: &Self) -> Option<StateChange> {
        let pairs = SIGNALS.iter().zip(self.signals.iter().zip(&now.signals));
        let changed = pairs.filter_map(|((signal, name), (before, now))| {
            let (before, now) = (before.as_ref()?, now.as_ref()?);
            let is_changed = before.sa_sigaction != now.sa_sigaction && !is_harmless(*signal, now);
            is_changed.then(|| set_action(*signal, before))?;
            Some(*name)
        });
        let names: Vec<&str> = changed.collect();
        (!names.is_empty())
            .then(|| restored(StateKind::Signal, format!("the action of {}", names.join(", "))))
    }

    fn restore_terminal(&self, now: &Self) -> Option<StateChange> {
        let (before, now) = (self.terminal.as_ref()?, now.terminal.as_ref()?);
        let modes = |it: &libc::termios| (it.c_iflag, it.c_oflag, it.c_cflag, it.c_lflag);
        (modes(before) != modes(now)).then(|| StateChange {
            kind: StateKind::Terminal,
            what: "the mode of the terminal".to_owned(),
            is_restored: set_terminal(before),
        })
    }

    fn changed_variables(&self, now: &Self) -> Option<StateChange> {
        if self.environment == now.environment {
            return None;
        }
        let before: BTreeSet<&usize> = self.environment.iter().collect();
        // A variable that was removed has no text any more that is safe to read.
        let new = now.environment.iter().filter(|variable| !before.contains(variable));
        let names: Vec<String> = new.map(|variable| format!("`{}`", name(*variable))).collect();
        let what = match names.as_slice() {
            [] => "the environment".to_owned(),
            names => format!("the environment variables {}", names.join(", ")),
        };
        Some(StateChange { kind: StateKind::Environment, what, is_restored: false })
    }
}

/// Whether a plugin may leave an action: it needs a handler for its own child processes, or to follow the
/// size of the terminal.
fn is_harmless(signal: c_int, action: &libc::sigaction) -> bool {
    let has_handler = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
    has_handler && matches!(signal, libc::SIGCHLD | libc::SIGWINCH)
}

/// The mode of the terminal at the standard input, if it is one.
fn terminal() -> Option<libc::termios> {
    // SAFETY: a mode is numbers, for which zero is a value.
    let mut mode: libc::termios = unsafe { mem::zeroed() };
    // SAFETY: the system writes the mode to a place that is borrowed for the call.
    let failed = unsafe { libc::tcgetattr(libc::STDIN_FILENO, &raw mut mode) };
    (failed == 0).then_some(mode)
}

fn set_terminal(mode: &libc::termios) -> bool {
    // SAFETY: the mode is what the system returned for this terminal.
    unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, mode) == 0 }
}

/// The umask, which can be read only by setting it; meanwhile it allows nothing that it did not allow.
fn umask() -> Mode {
    // Two threads at once would take each other's for the process's.
    static READING: Mutex<()> = Mutex::new(());
    let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
    let now = process::umask(Mode::RWXG | Mode::RWXO);
    process::umask(now);
    now
}

fn locale() -> Option<CString> {
    // SAFETY: with a null pointer `setlocale` changes nothing, and returns a text that stays until the next
    // change.
    let name = unsafe { libc::setlocale(libc::LC_ALL, ptr::null()) };
    // SAFETY: as above; the text ends with zero, and is copied at once.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_owned())
}

fn set_locale(name: &CStr) {
    // SAFETY: the text ends with zero and is what `setlocale` returned before. It runs where the plugin's own
    // call of it ran just now.
    unsafe { libc::setlocale(libc::LC_ALL, name.as_ptr()) };
}

fn action(signal: c_int) -> Option<libc::sigaction> {
    // SAFETY: an action is numbers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the system writes the present action to a place that is borrowed for the call, and changes
    // nothing.
    let failed = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    (failed == 0).then_some(action)
}

fn set_action(signal: c_int, action: &libc::sigaction) {
    // SAFETY: the system returned this action for this signal before the plugin ran.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

fn environment() -> Vec<usize> {
    // SAFETY: C defines the variable in every process.
    let mut at = unsafe { environ };
    let mut variables = Vec::with_capacity(64);
    while !at.is_null() {
        // SAFETY: the list ends with a null pointer, before which `at` stays. A thread of a plugin that
        // changes the environment meanwhile breaks every reader of it, the standard library included.
        let variable = unsafe { *at };
        if variable.is_null() {
            break;
        }
        variables.push(variable.expose_provenance());
        // SAFETY: the list has at least one more entry, the null pointer.
        at = unsafe { at.add(1) };
    }
    variables
}

/// The name of a variable that was in the environment just now.
fn name(variable: usize) -> String {
    // SAFETY: the address was an entry of the environment a moment ago, which is a text that ends with zero.
    let text = unsafe { CStr::from_ptr(ptr::with_exposed_provenance(variable)) };
    let name = text.to_bytes().split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    flyte_text::sanitize_line(&OsString::from_vec(name).to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: it changes what all tests of this program share.
    #[test]
    fn what_was_changed_is_named_and_restored() {
        let before = ProcessState::now();
        let beside = ProcessState::read(Compared::BesideHost);
        assert_eq!(before.restore(), []);
        process::umask(Mode::RWXO);
        let mut ignored = action(libc::SIGWINCH).unwrap();
        ignored.sa_sigaction = libc::SIG_IGN;
        set_action(libc::SIGWINCH, &ignored);
        set_locale(c"C.UTF-8");
        let changes: Vec<String> = before.restore().iter().map(StateChange::to_string).collect();
        assert_eq!(
            changes,
            ["the umask (restored)", "the locale (restored)", "the action of SIGWINCH (restored)"]
        );
        assert_eq!(before.restore(), []);
        assert_eq!(ProcessState::now().umask, before.umask);
        process::umask(Mode::RWXO);
        set_action(libc::SIGWINCH, &ignored);
        let changes: Vec<String> = beside.restore().iter().map(StateChange::to_string).collect();
        assert_eq!(changes, ["the umask (restored)"]);
        let changes: Vec<String> = before.restore().iter().map(StateChange::to_string).collect();
        assert_eq!(changes, ["the action of SIGWINCH (restored)"]);
    }
}
