//! Calls of plugins: which one each thread is in, and what is reported when a process ends inside one.
//!
//! - A signal (abort, segmentation fault, stack overflow …): a handler writes plugin, call and signal; the
//!   exit status stays that of the signal.
//! - A stack overflow in a thread of a plugin's own: such threads get a stack for signal handlers when they
//!   start ([`watch_threads`](crate::watch_threads)).
//! - `exit`, `_exit` and their kin: the program's own definitions ([`catch_exit`](crate::catch_exit)), or a
//!   function for `exit` to run, write plugin, call and code; the exit code is 11.
//! - No answer: a thread that looks at the calls writes what is waited for, and ends the process at a limit
//!   with exit code 11.
//! - SIGKILL, a raw `exit_group`, `execve`: the next start reads plugin and call in the journal of the
//!   process.
//!
//! [`CallRecord::enter`] is called before code of a plugin runs, on the thread that runs it. Code of the
//! host that a plugin calls in its turn is marked with [`host_code`] where it may block or fail: the
//! built-in default behind a `next`, a transport, the services of a command. What only reads memory
//! (settings, the view of the command line, the log) is not marked, and counts as the plugin's.
//!
//! A program starts all this with [`Supervision::start`], before it loads a plugin. Without it calls are
//! noted, and nothing watches them.

#[cfg(unix)]
mod code;
#[cfg(unix)]
mod crash_count;
#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod end;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod journal;
#[cfg(unix)]
mod process_state;
mod record;
#[cfg(unix)]
mod report;
mod shared;
#[cfg(unix)]
mod signals;
mod slot;
#[cfg(unix)]
mod supervision;
#[cfg(unix)]
mod threads;
#[cfg(not(unix))]
mod unsupervised;
#[cfg(unix)]
mod watchdog;

#[cfg(unix)]
use self::process_state::{Compared, KeptState};
#[cfg(unix)]
pub(crate) use self::supervision::note_library;
#[cfg(not(unix))]
pub(crate) use self::unsupervised::note_library;
#[cfg(not(unix))]
pub use self::unsupervised::{
    CallLimits, PausedPlugin, ReportFormat, Supervision, finish, keep_process_state, set_command,
    set_report_format,
};
#[cfg(not(unix))]
use self::unsupervised::{Compared, KeptState};
#[cfg(unix)]
pub use self::{
    descriptors::guard_descriptor,
    exit::{ExitFunction, exit_called},
    process_state::{ProcessState, StateChange, StateKind, keep_process_state},
    report::{ReportFormat, set_report_format},
    supervision::{PausedPlugin, Supervision, finish, set_command},
    threads::{StartFunction, create_thread},
    watchdog::CallLimits,
};
pub use self::{
    record::{CallLimit, CallRecord},
    slot::{ActiveCall, EndOnPanic, HostCode, WatchedCall, end_on_panic, host_code},
};
