//! Ends the process without running any more code of it.

#![expect(unsafe_code, reason = "it is a function of the system")]

use std::ffi::c_int;

use super::{journal, report::INTERNAL_ERROR};

/// Ends the process with an exit code. Safe to call in a signal handler.
pub(super) fn at_once(code: u8) -> ! {
    at_once_with(code.into())
}

/// As [`at_once`], with a code as C has it.
pub(super) fn at_once_with(code: c_int) -> ! {
    #[cfg(target_os = "linux")]
    // SAFETY: `exit_group` takes one number and never returns. It is called directly, because `_exit` may be
    // the program's own definition, which leads here.
    unsafe {
        libc::syscall(libc::SYS_exit_group, code);
    }
    // SAFETY: `_exit` ends the process and touches none of its memory.
    unsafe { libc::_exit(code) }
}

/// Ends the process because of a panic of the host that would unwind into a plugin, and that the panic hook
/// of the program has reported. Without this, abi_stable ends it by `exit`, which looks like the plugin's
/// doing.
pub(super) fn after_panic() -> ! {
    // The next start would blame the plugin.
    journal::remove();
    at_once(INTERNAL_ERROR)
}
