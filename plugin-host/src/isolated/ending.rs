//! The end of a plugin's process, for the errors of the calls that it leaves open.

use std::{
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use plugin_abi::PluginError;

use super::message::Malformed;
use crate::Identity;

/// A plugin's process, and how it ended.
pub(super) struct Ending {
    plugin: Identity,
    /// Where its isolation is set.
    settings: Option<String>,
    child: Mutex<Child>,
    reason: OnceLock<Reason>,
}

/// Why a process ended.
#[derive(Clone, Debug)]
enum Reason {
    /// By itself, or by a signal.
    Exited(Option<ExitStatus>),
    /// It was ended after an invalid message.
    Malformed(String),
    /// It was ended after a call that took too long.
    TimedOut(String, Duration),
}

impl Ending {
    pub(super) fn new(plugin: Identity, settings: Option<String>, child: Child) -> Self {
        Self { plugin, settings, child: Mutex::new(child), reason: OnceLock::new() }
    }

    /// Whether the process ended.
    pub(super) fn is_known(&self) -> bool {
        self.reason.get().is_some()
    }

    /// Whether the process ended, also outside of a call.
    pub(super) fn has_ended(&self) -> bool {
        if !self.is_known()
            && let Ok(Some(status)) = lock(&self.child).try_wait()
        {
            let _ = self.reason.set(Reason::Exited(Some(status)));
        }
        self.is_known()
    }

    /// The error of a call of a method whose connection broke.
    pub(super) fn ended(&self, method: &str) -> PluginError {
        let mut child = lock(&self.child);
        let ended = wait_shortly(&mut child);
        // A process that closed its connections and still runs is of no use.
        let status = ended.or_else(|| {
            kill(&mut child);
            child.wait().ok()
        });
        drop(child);
        self.error(method, Reason::Exited(status))
    }

    /// Ends the process, because a call takes too long.
    pub(super) fn timed_out(&self, method: &str, limit: Duration) -> PluginError {
        let error = self.error(method, Reason::TimedOut(method.to_owned(), limit));
        self.kill();
        error
    }

    /// Ends the process, because it sent what it cannot have meant.
    pub(super) fn malformed(&self, method: &str, malformed: &Malformed) -> PluginError {
        log::debug!(
            "the process of plugin `{}` sent an invalid message in `{method}`: {malformed}",
            self.plugin.name
        );
        let error = self.error(method, Reason::Malformed(malformed.to_string()));
        self.kill();
        error
    }

    /// Kills the process with all that it started, and waits for its end.
    pub(super) fn kill(&self) {
        let mut child = lock(&self.child);
        // The number of a process that was waited for may be that of another one.
        if matches!(child.try_wait(), Ok(None)) {
            kill(&mut child);
            let _ = child.wait();
        }
    }

    /// The table of settings for this plugin.
    fn settings(&self) -> String {
        let default = || format!("`[isolation.{}]` of `~/.flyte/host.toml`", self.plugin.name);
        self.settings.clone().unwrap_or_else(default)
    }

    fn report_hint(&self, method: &str) -> String {
        let report = self.plugin.report_hint();
        match method {
            // The caller adds who selected the plugin, and how to continue without it.
            "load" | "create" => report,
            _ => format!("{report}; use `--no-plugins` to continue without it"),
        }
    }

    pub(super) fn refusal_hint(&self) -> String {
        format!("add `read`, `write` or `network` to {} if the plugin needs it", self.settings())
    }

    /// The error for a reason, unless another thread knows an earlier one.
    fn error(&self, method: &str, reason: Reason) -> PluginError {
        let isolation = self.settings();
        match self.reason.get_or_init(|| reason) {
            Reason::TimedOut(method, limit) => PluginError::new(format_args!(
                "`{method}` did not return within {}; the plugin's process was ended",
                flyte_text::duration(*limit)
            ))
            .hint(format_args!("raise `timeout` in {isolation} if the plugin needs more time")),
            Reason::Malformed(reason) => {
                PluginError::new("the plugin's process sent an invalid message").with_causes([reason])
            }
            Reason::Exited(None) => {
                PluginError::new("the plugin's process ended").hint(self.report_hint(method))
            }
            Reason::Exited(Some(status)) => {
                let (message, is_limit) = describe(*status);
                let error = PluginError::new(message).hint(self.report_hint(method));
                if !is_limit {
                    return error;
                }
                error.hint(format_args!(
                    "see what the plugin printed above; raise `memory` or `cpu` in {isolation} if it needs more"
                ))
            }
        }
    }
}

impl Drop for Ending {
    /// Nothing is left that could call the process.
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends this process: the host is gone, or does not understand it. No destructor runs, since any may block.
pub(super) fn end_this_process() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// Gives a process whose connections ended a moment to end as well.
fn wait_shortly(child: &mut Child) -> Option<ExitStatus> {
    const STEP: Duration = Duration::from_millis(1);
    for _ in 0..2000 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(STEP);
    }
    None
}

/// The end in words, and whether a limit may be the cause.
fn describe(status: ExitStatus) -> (String, bool) {
    let text = status.to_string();
    let Some(signal) = text.strip_prefix("signal: ") else {
        let code = status.code().unwrap_or_default();
        return (format!("the plugin's process exited with code {code}"), false);
    };
    let signal = signal.trim_end_matches(" (core dumped)");
    let is_limit = signal.contains("SIGABRT") || signal.contains("SIGXCPU");
    (format!("the plugin's process was ended by signal {signal}"), is_limit)
}

fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // The child leads a process group of its own, so this reaches what it started.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
