//! Systems without signals: calls are noted, and nothing watches them.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::Identity;

/// As on Unix; without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// Text for a person.
    Text,
    /// One line of JSON.
    Json,
    /// Not at all.
    Silent,
}

/// As on Unix; without effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallLimits {
    /// Opening a library and `create`.
    pub create: Option<Duration>,
    /// A hook, a callback, a lazy default or a cache policy.
    pub hook: Option<Duration>,
    /// How to change the limits, as a hint for the user.
    pub hint: String,
}

/// As on Unix; without effect.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    /// The folder of the journal and of the counts of crashes.
    pub folder: Option<PathBuf>,
    /// The command that runs.
    pub command: String,
    /// How long calls may take.
    pub limits: CallLimits,
}

/// As on Unix; there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedPlugin {
    /// How many processes.
    pub count: u32,
    /// The call of the last one.
    pub site: String,
}

impl Supervision {
    /// Does nothing.
    pub fn start(self) {}

    /// No plugin is paused.
    #[must_use]
    pub fn paused(&self, _plugin: &str, _file: &Path) -> Option<PausedPlugin> {
        None
    }

    /// There is nothing to forget.
    ///
    /// # Errors
    ///
    /// None.
    pub fn resume(&self, _plugin: &str) -> io::Result<bool> {
        Ok(false)
    }
}

/// Does nothing.
pub fn set_report_format(_format: ReportFormat) {}

/// Does nothing.
pub fn set_command(_command: &str) {}

/// Does nothing.
pub fn finish() {}

/// Runs code of a plugin.
pub fn keep_process_state<T>(_identity: &Identity, _site: &str, call: impl FnOnce() -> T) -> T {
    call()
}

/// Nothing is compared.
#[derive(Clone, Copy)]
pub(super) enum Compared {
    All,
    BesideHost,
}

/// Nothing is kept.
pub(super) struct KeptState<'a>(std::marker::PhantomData<&'a ()>);

impl<'a> KeptState<'a> {
    pub(super) fn new_if_supervised(
        _identity: &'a Identity,
        _site: &'a str,
        _compared: Compared,
    ) -> Option<Self> {
        None
    }
}

pub(crate) fn note_library(_identity: &Identity, _address: usize) {}
