//! What calls may leave behind: descriptors, threads, memory.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// How long something that is about to end may take: a thread that was not joined.
const SETTLES_WITHIN: Duration = Duration::from_millis(300);
const INTERVAL: Duration = Duration::from_millis(10);

/// What the process has at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resources {
    pub(super) descriptors: usize,
    pub(super) threads: usize,
    pub(super) memory: u64,
}

impl Resources {
    /// What it has now.
    pub(super) fn now() -> Self {
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            memory: data_size().unwrap_or_default(),
        }
    }

    /// What it has soon: threads that are about to end, have ended.
    pub(super) fn settled(before: Self) -> Self {
        let deadline = Instant::now() + SETTLES_WITHIN;
        loop {
            let now = Self::now();
            let is_settled = now.threads <= before.threads && now.descriptors <= before.descriptors;
            if is_settled || Instant::now() > deadline {
                return now;
            }
            thread::sleep(INTERVAL);
        }
    }
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map(Iterator::count).unwrap_or_default()
}

/// The most bytes of memory that the process has had at once.
pub(super) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Bytes of private memory that this process has reserved.
pub(super) fn data_size() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(5)?.parse::<u64>().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}
