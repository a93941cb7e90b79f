//! What a program switches on before it loads a plugin.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use super::{
    code,
    crash_count::{self, PAUSED_AFTER},
    exit, journal, process_state,
    record::{self, CallLimit, CallRecord},
    report,
    shared::{LastCalls, existing},
    signals,
    watchdog::{self, CallLimits},
};
use crate::{Identity, identity};

/// How the calls of plugins are watched.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    /// The folder of the journal and of the counts of crashes, which is created; `None`: neither.
    pub folder: Option<PathBuf>,
    /// The command that runs, for the next start.
    pub command: String,
    /// How long calls may take.
    pub limits: CallLimits,
}

/// Whether a plugin has a count, so that a success must clear it.
static CRASHED_BEFORE: AtomicBool = AtomicBool::new(false);

static STARTED: OnceLock<Supervision> = OnceLock::new();

/// A plugin that ended several processes in a row, and is not loaded until it is enabled again or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedPlugin {
    /// How many processes.
    pub count: u32,
    /// The call of the last one, after a verb: ``in `get_remote` ``.
    pub site: String,
}

impl Supervision {
    /// Installs the signal handlers, starts the journal and the thread that limits calls, and reports what
    /// the journals of earlier processes say, as warnings in the log. Once a process; later calls have no
    /// effect.
    pub fn start(self) {
        let mut is_first = false;
        let this = STARTED.get_or_init(|| {
            is_first = true;
            self
        });
        if !is_first {
            return;
        }
        if let Some(folder) = &this.folder {
            if !report::is_silent() {
                journal::take_dead(folder).iter().for_each(|last| report_last(folder, last));
            }
            if let Err(error) = journal::start(folder) {
                log::debug!("could not start the journal in `{}`: {error}", folder.display());
            }
        }
        if let Some(shared) = existing() {
            shared.set_command(&this.command);
        }
        let watchdog = watchdog::start(this.limits.clone());
        code::note_program();
        signals::install();
        process_state::set_supervised();
        exit::watch();
        // An error means that there is no such thread.
        let _ = watchdog.recv();
    }

    /// Whether a plugin is paused, as long as its file is the one that crashed.
    #[must_use]
    pub fn paused(&self, plugin: &str, file: &Path) -> Option<PausedPlugin> {
        let count = crash_count::read_for_file(self.folder.as_deref()?, plugin, file)?;
        CRASHED_BEFORE.store(true, Relaxed);
        (count.count >= PAUSED_AFTER).then_some(PausedPlugin { count: count.count, site: count.site })
    }

    /// Forgets the crashes of a plugin, so that it is loaded again. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// If the count cannot be removed.
    pub fn resume(&self, plugin: &str) -> io::Result<bool> {
        self.folder.as_deref().map_or(Ok(false), |folder| crash_count::clear(folder, plugin))
    }
}

/// Notes the command that runs, as soon as it is known.
pub fn set_command(command: &str) {
    if let Some(shared) = existing() {
        shared.set_command(command);
    }
}

/// Announces that the program itself ends the process, with a result of its own. To be called when everything
/// else is done.
pub fn finish() {
    exit::announce();
    let folder = STARTED.get().and_then(|this| this.folder.as_deref());
    if let Some(folder) = folder.filter(|_| CRASHED_BEFORE.load(Relaxed)) {
        // Best effort: a count that stays is cleared at the next success.
        record::all().filter(|record| record.returned.load(Relaxed)).for_each(|record| clear(folder, record));
    }
    journal::remove();
}

/// Clears the count of a plugin whose function ended a process, and now came back.
fn clear(folder: &Path, record: &CallRecord) {
    if crash_count::read(folder, record.name()).is_some_and(|count| count.site == record.site()) {
        let _ = crash_count::clear(folder, record.name());
    }
}

/// Notes whose code a library holds; `address` is any in it. Crashes outside of all calls are then reported.
pub(crate) fn note_library(identity: &Identity, address: usize) {
    let threads = CallRecord::new(identity, "in a thread of its own", CallLimit::Unlimited);
    code::note_plugin(address, threads);
}

fn report_last(folder: &Path, last: &LastCalls) {
    for [name, version, site] in &last.calls {
        if let Err(error) = crash_count::add(folder, name, site) {
            log::debug!("could not count the crash of plugin `{name}`: {error}");
        }
        if !last.reported {
            log::warn!(
                "the last run of `{}` ended inside plugin `{name}` {version}, {site}; \
                 {} to run without it",
                last.command,
                identity::bypass()
            );
        }
    }
}
