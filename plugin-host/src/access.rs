//! What code reads from its surroundings: environment variables, files, the current directory.
//!
//! The answer of a plugin may be kept and used again only while all that it depended on is unchanged. A
//! plugin does not say what it reads, so [`record`] watches it: the C library's `getenv` is this program's
//! own, and a seccomp filter traps the system calls that take a path. What cannot be watched (a socket,
//! another program, a file relative to an open directory) makes the record [opaque](Accesses::opaque).
//!
//! Not seen: the clock, random numbers, and files below `/proc`, `/sys` and `/dev`.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, sync::Mutex};

#[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod watch;

#[cfg(target_os = "linux")]
pub(crate) use watch::Recording;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Names of environment variables, set or not.
    pub variables: BTreeSet<OsString>,
    /// Files and directories that were opened or looked at, there or not. Absolute.
    pub files: BTreeSet<PathBuf>,
    /// Whether the result may depend on the current directory.
    pub directory: bool,
    /// Why the record is incomplete: what was done that cannot be watched.
    pub opaque: Option<String>,
}

impl Accesses {
    /// What was read by either of two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.variables.extend(other.variables);
        self.files.extend(other.files);
        self.directory |= other.directory;
        self.opaque = self.opaque.or(other.opaque);
        self
    }
}

/// Accesses cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// Only on Linux with glibc, on x86-64 and aarch64.
    #[error("accesses cannot be recorded on this platform")]
    Platform,
    /// The program does not export its `getenv`, so the libraries that it loads use that of the C library.
    #[error("this program does not export `getenv`")]
    NotExported,
    /// The kernel refused the filter.
    #[error("the kernel refused a seccomp filter")]
    Filter(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One recording at a time: the log is static, since a signal handler writes it.
static RECORDING: Mutex<()> = Mutex::new(());

/// Runs a function and records what it reads.
///
/// The filter of the calling thread, and of threads that it starts, cannot be removed. Opening a socket fails
/// there from now on; starting a program fails or, as the C library blocks signals meanwhile, ends the
/// process with SIGSYS. So call it in a process that ends afterwards.
///
/// # Errors
///
/// If accesses cannot be recorded here; the function did not run.
pub fn record<T>(function: impl FnOnce() -> T) -> Result<(T, Accesses), AccessError> {
    let _one = RECORDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let recording = watch::Recording::start()?;
    let result = function();
    Ok((result, recording.stop()))
}

#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod watch {
    use super::{AccessError, Accesses};

    #[derive(Debug)]
    pub(crate) struct Recording;

    impl Recording {
        pub(crate) fn start() -> Result<Self, AccessError> {
            Err(AccessError::Platform)
        }

        pub(crate) fn stop(self) -> Accesses {
            Accesses::default()
        }
    }
}
