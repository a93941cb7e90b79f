//! Limits of memory, CPU time and open files.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::isolated::settings::Isolation;

/// How many files a plugin may have open.
const OPEN_FILES: u64 = 256;
/// Address space in bytes beyond the memory that may be filled: allocators reserve much more than they use.
const RESERVED: u64 = 16 << 30;

pub(super) fn set(isolation: &Isolation) -> io::Result<()> {
    lower(Resource::Core, 0)?;
    lower(Resource::Nofile, OPEN_FILES)?;
    lower(Resource::Cpu, isolation.cpu.as_secs().max(1))?;
    if isolation.memory > 0 {
        // Memory that is written; what is only reserved does not count.
        lower(Resource::Data, isolation.memory)?;
        // Shared memory is not data.
        lower(Resource::As, isolation.memory.saturating_add(RESERVED))?;
    }
    Ok(())
}

fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let lowest = |present: Option<u64>| Some(present.map_or(limit, |present| present.min(limit)));
    setrlimit(resource, Rlimit { current: lowest(current), maximum: lowest(maximum) })?;
    Ok(())
}
