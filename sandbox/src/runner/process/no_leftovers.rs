//! What an attempt leaves running outside of its process group, on systems that do not say what a process inherited: unknown.

use std::{ffi::OsStr, io, path::Path};

/// Does nothing.
pub(crate) fn adopt() {}

/// The first process of an attempt.
#[derive(Debug)]
pub(super) struct Leader;

impl Leader {
    pub(super) fn start<T>(
        start: impl FnOnce() -> io::Result<T>,
        _: impl FnOnce(&T) -> Option<u32>,
    ) -> io::Result<(T, Self)> {
        Ok((start()?, Self))
    }

    pub(super) fn ended(&self) {}
}

/// Not known.
#[derive(Clone, Debug)]
pub(super) struct Leftovers;

impl Leftovers {
    pub(super) fn new(_: &Path) -> Self {
        Self
    }

    pub(super) fn variable(&self) -> (&'static str, &OsStr) {
        ("FLYTE_SANDBOX_ATTEMPT", OsStr::new("1"))
    }

    pub(super) fn end(&self) {}
}
