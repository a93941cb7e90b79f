//! Plugins that end the process: `exit` and its kin, called by code of a plugin.
//!
//! A program defines these functions itself ([`crate::catch_exit`]); the loader then finds its definitions
//! first, also for libraries that are loaded later. Without them, or where libc calls its own, a function for
//! `exit` to run is the net: it sees `exit`, but not `_exit`.

#![expect(unsafe_code, reason = "functions of the C library are replaced, and called through pointers")]

use std::{
    ffi::{CStr, c_int},
    mem,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use super::{
    code, end, journal,
    record::CallRecord,
    report::{self, Death, PLUGIN_FAILED},
    slot, threads,
};

/// The process in which plugins are watched: 0 before, and a child of `fork` has another number.
static WATCHED: OnceLock<u32> = OnceLock::new();

/// Whether the program itself ends the process.
static FINISHED: AtomicBool = AtomicBool::new(false);

/// A function that ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum ExitFunction {
    Exit,
    QuickExit,
    /// `_exit` or `_Exit`.
    AtOnce(&'static str),
}

/// Watches for ends of this process that the program does not announce.
pub(super) fn watch() {
    if WATCHED.set(std::process::id()).is_err() {
        return;
    }
    // SAFETY: the function takes nothing, returns, and is there until the process ends. If there is no room
    // for it, `exit` is seen by the program's own definition only.
    unsafe { libc::atexit(at_exit) };
    // SAFETY: as above; it changes one thread-local of the child's only thread.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

extern "C" fn in_child() {
    slot::after_fork_in_child();
    journal::leave_in_child();
}

/// Announces that the program itself ends the process: a plugin does not fail that way from now on.
pub(super) fn announce() {
    FINISHED.store(true, SeqCst);
}

/// Whether this process is the one in which plugins are watched, and has not announced its end.
fn is_watched() -> bool {
    WATCHED.get() == Some(&std::process::id()) && !FINISHED.load(SeqCst)
}

/// Whether the program ends the process now, and its result is printed.
pub(super) fn is_finished() -> bool {
    FINISHED.load(SeqCst)
}

/// Leaves a thread of a plugin alone while the program ends the process with its own exit code. Safe to call
/// in a signal handler.
pub(super) fn wait_for_end() -> ! {
    loop {
        // SAFETY: it waits for the next signal, and touches no memory.
        unsafe { libc::pause() };
    }
}

/// The call that this thread is in, or the plugin that started it.
pub(super) fn caller() -> Option<&'static CallRecord> {
    slot::current().or_else(threads::started_by)
}

extern "C" fn at_exit() {
    if let Some(record) = is_watched().then(caller).flatten() {
        // What `exit` got is not known here.
        report::write(record, Death::Exit("exit", None));
        end::at_once(PLUGIN_FAILED);
    }
}

/// The body of the program's own `exit` and its kin.
#[doc(hidden)]
pub fn exit_called(function: ExitFunction, code: c_int) -> ! {
    if is_watched() && thread::panicking() {
        // Plugins panic in a standard library of their own.
        end::after_panic();
    }
    if is_finished() && caller().is_some() {
        wait_for_end();
    }
    let record = is_watched().then(|| caller().or_else(code::plugin_among_callers)).flatten();
    if let Some(record) = record {
        report::write(record, Death::Exit(function.name(), Some(code)));
        end::at_once(PLUGIN_FAILED);
    }
    match function {
        ExitFunction::AtOnce(_) => end::at_once_with(code),
        ExitFunction::Exit => of_the_system(c"exit", code),
        ExitFunction::QuickExit => of_the_system(c"quick_exit", code),
    }
}

impl ExitFunction {
    fn name(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::QuickExit => "quick_exit",
            Self::AtOnce(name) => name,
        }
    }
}

/// Calls the C library's own definition of a function.
fn of_the_system(name: &CStr, code: c_int) -> ! {
    // SAFETY: `name` is a text that ends with zero, and `RTLD_NEXT` is a handle that needs no library of
    // ours.
    let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if !address.is_null() {
        // SAFETY: C defines both functions to take an `int` and not to return.
        let function: extern "C" fn(c_int) -> ! = unsafe { mem::transmute(address) };
        function(code);
    }
    end::at_once_with(code)
}

/// Defines `exit`, `_exit`, `_Exit` and `quick_exit` in a program, so that a plugin that calls one of them is
/// reported and the program exits with code 11. To be used once, at the top of a module. Has no effect
/// outside of Linux.
#[macro_export]
macro_rules! catch_exit {
    () => {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        mod exit_functions {
            use ::std::ffi::c_int;

            use $crate::calls::{ExitFunction, exit_called};

            #[unsafe(no_mangle)]
            extern "C" fn exit(code: c_int) -> ! {
                exit_called(ExitFunction::Exit, code)
            }

            #[unsafe(no_mangle)]
            extern "C" fn quick_exit(code: c_int) -> ! {
                exit_called(ExitFunction::QuickExit, code)
            }

            #[unsafe(no_mangle)]
            extern "C" fn _exit(code: c_int) -> ! {
                exit_called(ExitFunction::AtOnce("_exit"), code)
            }

            #[unsafe(no_mangle)]
            extern "C" fn _Exit(code: c_int) -> ! {
                exit_called(ExitFunction::AtOnce("_Exit"), code)
            }
        }
    };
}
