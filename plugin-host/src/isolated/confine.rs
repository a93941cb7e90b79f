//! What the plugin's process gives up before the library is mapped.
//!
//! Landlock for files, seccomp for system calls, resource limits. All of it is inherited by the threads that
//! the plugin starts.

mod descriptors;
mod files;
mod limits;
mod syscalls;

use std::{io, path::Path};

pub(super) use descriptors::close_inherited;

use super::settings::Isolation;

/// Gives up rights; returns what this system cannot restrict, one line each.
pub(super) fn confine(isolation: &Isolation, library: &Path) -> io::Result<Vec<String>> {
    limits::set(isolation)?;
    let mut missing = files::restrict(isolation, library)?;
    missing.extend(syscalls::restrict(isolation)?);
    Ok(missing)
}
