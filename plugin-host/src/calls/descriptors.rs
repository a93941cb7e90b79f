//! Descriptors that plugins must leave alone: the standard ones, and those that the program guards.

#![expect(unsafe_code, reason = "a plugin may have closed any descriptor, so none can be borrowed")]

use std::{
    ffi::c_int,
    mem,
    os::fd::RawFd,
    sync::{Mutex, PoisonError},
};

/// Those of the program, each with its name for the user.
static GUARDED: Mutex<Vec<Guarded>> = Mutex::new(Vec::new());

const STANDARD: [Guarded; 3] = [
    Guarded { number: libc::STDIN_FILENO, name: "the standard input" },
    Guarded { number: libc::STDOUT_FILENO, name: "the standard output" },
    Guarded { number: libc::STDERR_FILENO, name: "the standard error" },
];

#[derive(Clone, Copy)]
struct Guarded {
    number: RawFd,
    name: &'static str,
}

/// Guards a descriptor of the program, which stays open until the process ends: a plugin that closes or
/// replaces it is named. `name` is for the user.
pub fn guard_descriptor(descriptor: RawFd, name: &'static str) {
    let mut guarded = GUARDED.lock().unwrap_or_else(PoisonError::into_inner);
    guarded.push(Guarded { number: descriptor, name });
}

/// An open descriptor, and what it leads to.
pub(super) struct Descriptor {
    guarded: Guarded,
    flags: c_int,
    file: FileIdentity,
    /// A second one to the same file, to restore it from.
    copy: RawFd,
}

/// Device, inode, number of a special file, and mode.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileIdentity(libc::dev_t, libc::ino_t, libc::dev_t, libc::mode_t);

/// The guarded descriptors that are open.
pub(super) fn open() -> Vec<Descriptor> {
    let guarded = GUARDED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    STANDARD.into_iter().chain(guarded).filter_map(Descriptor::new).collect()
}

impl Descriptor {
    fn new(guarded: Guarded) -> Option<Self> {
        let file = FileIdentity::read(guarded.number)?;
        let flags = control(guarded.number, libc::F_GETFD, 0)?;
        let copy = control(guarded.number, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1)?;
        Some(Self { guarded, flags, file, copy })
    }

    /// Its name for the user.
    pub(super) fn name(&self) -> &'static str {
        self.guarded.name
    }

    /// Whether it was closed, or leads to another file.
    pub(super) fn is_changed(&self) -> bool {
        FileIdentity::read(self.guarded.number) != Some(self.file)
    }

    /// Lets it lead to its file again; `false` if the copy was closed as well.
    pub(super) fn restore(&self) -> bool {
        // SAFETY: the number is that of a descriptor which is the program's or the system's by convention;
        // what a plugin opened under it was never given to safe code of the host.
        let is_restored =
            self.has_copy() && unsafe { libc::dup2(self.copy, self.guarded.number) } == self.guarded.number;
        is_restored && control(self.guarded.number, libc::F_SETFD, self.flags).is_some()
    }

    fn has_copy(&self) -> bool {
        FileIdentity::read(self.copy) == Some(self.file)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // A plugin that closed the copy may have another file under its number.
        if self.has_copy() {
            // SAFETY: the descriptor was made here, is given to nothing else, and still leads to its file.
            unsafe { libc::close(self.copy) };
        }
    }
}

impl FileIdentity {
    /// `None` if the descriptor is closed.
    fn read(descriptor: RawFd) -> Option<Self> {
        // SAFETY: a description is numbers, for which zero is a value.
        let mut found: libc::stat = unsafe { mem::zeroed() };
        // SAFETY: the system writes to a place that is borrowed for the call, and checks the number.
        let failed = unsafe { libc::fstat(descriptor, &raw mut found) };
        (failed == 0).then_some(Self(found.st_dev, found.st_ino, found.st_rdev, found.st_mode))
    }
}

/// `fcntl`; `None` is an error.
fn control(descriptor: RawFd, command: c_int, argument: c_int) -> Option<c_int> {
    // SAFETY: the commands used here take a number, and touch no memory.
    let result = unsafe { libc::fcntl(descriptor, command, argument) };
    (result >= 0).then_some(result)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read as _, Seek as _, Write as _},
        os::fd::{AsRawFd as _, IntoRawFd as _},
    };

    use super::*;

    fn guarded(file: &File) -> Descriptor {
        Descriptor::new(Guarded { number: file.as_raw_fd(), name: "a file" }).unwrap()
    }

    #[test]
    fn what_was_replaced_is_restored() {
        let mut file = tempfile::tempfile().unwrap();
        let descriptor = guarded(&file);
        assert!(!descriptor.is_changed());
        // SAFETY: the file is used by number only.
        unsafe { libc::dup2(File::open("/dev/null").unwrap().as_raw_fd(), file.as_raw_fd()) };
        assert!(descriptor.is_changed());
        assert!(descriptor.restore());
        assert!(!descriptor.is_changed());
        assert_eq!(control(file.as_raw_fd(), libc::F_GETFD, 0), Some(libc::FD_CLOEXEC));
        file.write_all(b"written").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "written");
    }

    #[test]
    fn a_descriptor_of_another_is_not_closed_for_a_copy() {
        let (file, other) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let descriptor = guarded(&file);
        let copy = descriptor.copy;
        // SAFETY: the copy is used by number only.
        unsafe { libc::dup2(other.into_raw_fd(), copy) };
        assert!(!descriptor.restore());
        drop(descriptor);
        assert!(FileIdentity::read(copy).is_some());
    }
}
