//! Ends the process.

#![expect(unsafe_code, reason = "only `_exit` ends a process without running more code of plugins")]

use std::mem;

#[cfg(all(unix, not(coverage)))]
use super::version_info;
use crate::ui::stdout;

/// Keeps a share of a plugin's values until the process ends: a destructor could hang, panic, or end the
/// process after the work is done, and before its result is printed.
pub(crate) fn keep_until_exit<T: Clone>(values: &T) {
    mem::forget(values.clone());
}

/// Ends the process with an exit code, without running destructors of statics and thread-locals, functions
/// registered with `atexit`, and finalizers of libraries. Those of a plugin could abort, hang or change the
/// exit code after the command has printed its result.
///
/// Coverage is written by such a function, so a build with `cfg(coverage)` runs them. The sanitizers report
/// at once, and look for leaks at exit only where that is switched on.
pub fn end_process(code: u8) -> ! {
    // A write error was reported by the command.
    let _ = stdout::flush();
    #[cfg(all(unix, not(coverage)))]
    {
        if version_info::has_plugins() {
            flush_c_streams();
        }
        // SAFETY: `_exit` accepts any number, and does not return. It skips destructors, and safe code may
        // not rely on those of values that are alive when a process ends.
        unsafe { libc::_exit(code.into()) }
    }
    #[cfg(not(all(unix, not(coverage))))]
    {
        #[expect(clippy::exit, reason = "it is the end of the program")]
        std::process::exit(code.into())
    }
}

/// Writes what C code of plugins has buffered, as the end of a C program does.
///
/// Waits for it 200 ms: a thread of a plugin may hold a stream's lock as long as it likes.
#[cfg(unix)]
pub(super) fn flush_c_streams() {
    use std::{sync::mpsc, thread, time::Duration};

    let (sender, flushed) = mpsc::sync_channel(1);
    let flush = move || {
        // SAFETY: a null pointer stands for all open streams, each of which is locked while it is written.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        // An error means that the time is over.
        let _ = sender.send(());
    };
    if thread::Builder::new().spawn(flush).is_ok() {
        // An error means that the time is over, and what was not written is lost.
        let _ = flushed.recv_timeout(Duration::from_millis(200));
    }
}
