//! Descriptors that the process was started with: those of a shell or of another program, which the host
//! passes on without a use for them.

#![expect(unsafe_code, reason = "a system call that closes descriptors by their numbers")]

use std::io;

/// Closes all descriptors but the standard ones.
///
/// Call it first, before this process has opened any of its own.
pub(in crate::isolated) fn close_inherited() -> io::Result<()> {
    // SAFETY: no value of this process owns one of these descriptors: it runs its first function, and the
    // runtime of Rust uses the standard ones only.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    let error = io::Error::last_os_error();
    // Linux before 5.9 lacks it.
    if result == 0 || error.raw_os_error() == Some(libc::ENOSYS) { Ok(()) } else { Err(error) }
}
