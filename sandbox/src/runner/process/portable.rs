//! Stand-ins for systems that are not Linux.
//!
//! Without `/proc`, processes that left the group of an attempt cannot be found. Without Unix there are no
//! groups at all: only the first process is known ([`single`]).

use std::{ffi::OsStr, io, path::Path};

/// Does nothing: orphans cannot be found.
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

    pub(super) fn for_fork(_: u32) -> Self {
        Self
    }

    pub(super) fn ended(&self) {}
}

/// Unknown here.
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

/// Systems without process groups: the first process is killed without a chance to end by itself.
#[cfg(not(unix))]
pub(super) mod single {
    use std::{path::Path, process::Stdio};

    use tokio::process::Command;

    use crate::{runner::environment::Environment, store::task_execution::ProcessIdentity};

    /// A process by itself.
    #[derive(Debug)]
    pub(super) struct ProcessGroup;

    impl ProcessGroup {
        pub(super) fn new(_: u32) -> Self {
            Self
        }

        pub(super) fn ask_to_end(&self) {}

        pub(super) fn end(&self) {}

        pub(super) async fn gone(&mut self) {}
    }

    /// A command that is the program from the start.
    pub(super) fn command(program: &Path, _: &Environment) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        command
    }

    /// Unknown here.
    pub(super) fn started(_: u32) -> u64 {
        0
    }

    /// Does nothing: the process id may belong to another process by now.
    pub(super) fn sweep(_: ProcessIdentity) {}
}
