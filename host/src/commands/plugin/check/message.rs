//! The messages between `plugin check` and the process that runs a plugin's code for it.

#[cfg(target_os = "linux")]
use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// The first argument of the process; the second is a [`Task`] as JSON.
#[cfg(target_os = "linux")]
pub(crate) const CHILD_ARGUMENT: &str = "__check-plugin";

/// Calls of one function by several threads at once.
#[cfg(target_os = "linux")]
pub(crate) const THREADS: usize = 4;

/// What the process does.
#[cfg(target_os = "linux")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The chain, its first plugin in front.
    pub(crate) files: Vec<PathBuf>,
    /// The hooks that are called, by name.
    pub(crate) hooks: Vec<String>,
    /// Functions that ended a process before; they are not called.
    pub(crate) skip: Vec<String>,
    /// Command lines of the plugin that are run, without the name of the program.
    pub(crate) run: Vec<String>,
    /// Whether the plugins run in processes of their own.
    pub(crate) isolate: bool,
    /// Whether each function is called a few times only.
    pub(crate) is_short: bool,
}

/// A line from the process.
#[cfg(target_os = "linux")]
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Message {
    /// Code of the plugin is about to run.
    Enter(Call),
    /// Something was found.
    Found(Observation),
    /// Everything was called. How long the functions took, by name.
    Done(BTreeMap<String, Times>),
    /// The process itself failed; the reason.
    Failed(String),
}

/// A call of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// `create`, the name of a hook, and so on.
    pub(crate) function: String,
    /// The arguments, in words.
    pub(crate) input: String,
}

/// Something that was found in a call.
#[cfg(target_os = "linux")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Observation {
    /// The code, one of `code::CODES`.
    pub(crate) code: String,
    /// The call in which it was found.
    pub(crate) call: Call,
    /// What was found.
    pub(crate) message: String,
    /// What the author can do about it; `None`: what the code says.
    pub(crate) remedy: Option<String>,
}

/// How long the calls of a function took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    /// How many calls were timed.
    pub(crate) calls: u32,
    /// The fastest of them.
    pub(crate) fastest_seconds: f64,
    /// The slowest of them.
    pub(crate) slowest_seconds: f64,
    /// By how many bytes the process grew for each of a series of calls; `None`: not measured.
    pub(crate) kept_bytes: Option<u64>,
}
