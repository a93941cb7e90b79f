//! The journal of running calls: a small file of each process, mapped, so that what it says last survives a
//! process that dies without a report. The next start reads it.
//!
//! Each process locks its own file while it lives. Without a folder, with a full disk or a file system
//! without locks there is no journal, and nothing else changes.

#![expect(unsafe_code, reason = "the file is mapped, and its memory used as atomics")]

use std::{
    ffi::CString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::{
        fd::AsRawFd as _,
        unix::{
            ffi::OsStrExt,
            fs::{DirBuilderExt, OpenOptionsExt},
        },
    },
    path::{Path, PathBuf},
    ptr,
    sync::OnceLock,
};

use super::{
    descriptors::guard_descriptor,
    shared::{self, LastCalls, SIZE, Shared},
};

/// The journal of this process; it stays open, since that keeps the lock.
struct Journal {
    _file: File,
    path: CString,
    process: u32,
    shared: &'static Shared,
}

static JOURNAL: OnceLock<Journal> = OnceLock::new();

const ENDING: &str = "calls";

/// Starts the journal of this process in a folder, which is created.
///
/// # Errors
///
/// If the file cannot be written, locked or mapped.
pub(super) fn start(folder: &Path) -> io::Result<()> {
    // For the user alone: programs keep more in it than journals.
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{}.{ENDING}", std::process::id()));
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    file.try_lock().map_err(io::Error::from)?;
    file.set_len(0)?;
    // Written, not only made longer: a store into a page that the disk has no room for would be a SIGBUS.
    let mapped = file.write_all(&[0; SIZE]).and_then(|()| map(&file));
    let path_for_system = CString::new(path.as_os_str().as_bytes())?;
    match mapped {
        Ok(shared) if shared::install(shared) => {
            guard_descriptor(file.as_raw_fd(), "the journal of calls");
            // Nothing else sets it.
            let _ = JOURNAL.set(Journal {
                _file: file,
                path: path_for_system,
                process: std::process::id(),
                shared,
            });
            Ok(())
        }
        result => {
            fs::remove_file(&path)?;
            result.map(|_| ())
        }
    }
}

fn map(file: &File) -> io::Result<&'static Shared> {
    // SAFETY: a fresh mapping overlaps no memory of ours. It is shared with a file that only this process
    // writes, which is as long as the mapping.
    let memory = unsafe {
        rustix::mm::mmap(
            ptr::null_mut(),
            SIZE,
            rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
            rustix::mm::MapFlags::SHARED,
            file,
            0,
        )
    }?;
    // SAFETY: the memory is a page or more, so it is aligned; it is never unmapped; all bytes are zero, and
    // `Shared` is atomics only, for which any bytes are values and other writers are no data race.
    Ok(unsafe { &*memory.cast::<Shared>() })
}

/// In the child of a `fork`: puts memory of its own in the place of the parent's journal, whose watchdog
/// would take the child's calls for the parent's.
pub(super) fn leave_in_child() {
    let Some(journal) = JOURNAL.get().filter(|journal| journal.process != std::process::id()) else { return };
    let address = ptr::from_ref(journal.shared).cast_mut().cast();
    // SAFETY: the new mapping takes the place of the old one, which is as long and is only used as atomics,
    // for which zeros are values; this thread is the only one of the process. An error leaves the old one.
    let _ = unsafe {
        rustix::mm::mmap_anonymous(
            address,
            SIZE,
            rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
            rustix::mm::MapFlags::PRIVATE | rustix::mm::MapFlags::FIXED,
        )
    };
}

/// Removes the file of this process. Safe to call in a signal handler, and in a child of `fork`, whose file
/// it is not.
pub(super) fn remove() {
    if let Some(journal) = JOURNAL.get().filter(|journal| journal.process == std::process::id()) {
        // Best effort: what stays is read and removed at the next start.
        let _ = rustix::fs::unlink(journal.path.as_c_str());
    }
}

/// Reads and removes the journals of processes that are dead.
pub(super) fn take_dead(folder: &Path) -> Vec<LastCalls> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).filter_map(take).collect()
}

fn take(path: PathBuf) -> Option<LastCalls> {
    let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
    file.try_lock().ok()?;
    let mut bytes = Vec::new();
    let read = (&file).take(SIZE as u64 + 1).read_to_end(&mut bytes);
    // A file that cannot be removed would be reported at each start.
    fs::remove_file(&path).ok()?;
    read.ok().and_then(|_| LastCalls::parse(&bytes))
}
