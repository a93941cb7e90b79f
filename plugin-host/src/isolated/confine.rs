//! What the plugin's process gives up before the library is mapped.
//!
//! Linux only: Landlock for files, seccomp for system calls, resource limits. On other systems the process is all of the
//! isolation. Everything is inherited by the threads that the plugin starts.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod syscalls;

use std::{io, path::Path};

use super::settings::Isolation;

/// Gives up rights; returns what this system cannot restrict, one line each.
#[cfg(target_os = "linux")]
pub(super) fn confine(isolation: &Isolation, library: &Path) -> io::Result<Vec<String>> {
    limits::set(isolation)?;
    let mut missing = files::restrict(isolation, library)?;
    missing.extend(syscalls::restrict(isolation)?);
    Ok(missing)
}

/// There is nothing to give up on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine(_: &Isolation, _: &Path) -> io::Result<Vec<String>> {
    Ok(vec!["files, network and system calls are restricted on Linux only".to_owned()])
}
