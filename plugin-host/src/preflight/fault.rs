//! The parts of a [`PreflightError`] that are found before it is known which file it will be about.

use std::fmt;
use std::path::Path;

use super::error::PreflightError;

/// What is wrong with a file's structure, before it is known which file that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    CutShort { needs: u64, has: u64 },
    Damaged(&'static str),
}

impl Fault {
    pub(super) fn at(self, path: &Path) -> PreflightError {
        let path = path.to_owned();
        match self {
            Fault::CutShort { needs, has } => PreflightError::CutShort { path, needs, has },
            Fault::Damaged(why) => PreflightError::Damaged { path, why },
        }
    }
}

/// What a path leads to when it is neither a file nor a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotRegular {
    /// A device.
    Device,
    /// A named pipe, which would keep its reader waiting.
    Fifo,
    /// A socket.
    Socket,
}

impl fmt::Display for NotRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotRegular::Device => "a device",
            NotRegular::Fifo => "a named pipe",
            NotRegular::Socket => "a socket",
        })
    }
}

/// What is wrong with one of the two symbols that make a library a plugin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportFault {
    /// It is a function, or a thread's variable.
    NotData,
    /// It does not lie in the part of the file that is loaded.
    Outside,
    /// It holds less than it must.
    TooSmall {
        /// Bytes it holds.
        has: u64,
        /// Bytes it must hold.
        needs: u64,
    },
    /// It does not begin as it must.
    Unmarked,
}

impl fmt::Display for ExportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportFault::NotData => f.write_str("is not data"),
            ExportFault::Outside => f.write_str("lies outside the file"),
            ExportFault::TooSmall { has, needs } => {
                write!(f, "holds {has} bytes; it needs at least {needs}")
            }
            ExportFault::Unmarked => f.write_str("does not begin with the mark of abi_stable"),
        }
    }
}
