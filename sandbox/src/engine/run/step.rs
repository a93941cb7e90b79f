//! One step of the engine: a transaction, and what is done once it is committed.

use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;
use rusqlite::Transaction;

use crate::{engine::attempts::ProcessKey, runner::Attempt};

/// What a step may use, and what it leaves to be done.
pub(crate) struct Step<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) now: Timestamp,
    /// The sandbox's folder.
    pub(crate) root: &'a Path,
    /// How many more processes may be started.
    pub(crate) free_slots: usize,
    pub(crate) effects: Effects,
    /// Rows of executions whose end was reported to their parents.
    pub(crate) reported: BTreeSet<i64>,
}

/// What is done after the commit: none of it may happen for something that is not stored.
#[derive(Default)]
pub(crate) struct Effects {
    /// Attempts to start.
    pub(crate) start: Vec<(ProcessKey, Attempt)>,
    /// Attempts to kill.
    pub(crate) kill: Vec<ProcessKey>,
    /// Rows of executions that nodes started.
    pub(crate) launched: Vec<i64>,
    /// Rows of executions that have ended.
    pub(crate) ended: Vec<i64>,
    /// Rows of executions whose end a node asked for.
    pub(crate) aborting: Vec<i64>,
}
