//! Processes where there are no groups of them: only the first one is known, and it is ended without being asked.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use crate::runner::{Process, environment::Environment};

/// A process by itself.
#[derive(Debug)]
pub(super) struct Group;

impl Group {
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

/// Not known.
pub(super) fn started(_: u32) -> u64 {
    0
}

/// Does nothing: a stranger might be hit.
pub(super) fn sweep(_: Process) {}
