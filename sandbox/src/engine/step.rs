//! One step of the engine: a transaction, and what has to be done once it is committed.

use std::{collections::BTreeSet, path::Path};

use flyte_client::proto::core::TaskExecutionIdentifier;
use jiff::Timestamp;
use rusqlite::Transaction;

use crate::runner::Attempt;

/// What a step may use, and what it leaves to be done.
pub(crate) struct Step<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) now: Timestamp,
    /// The sandbox's folder.
    pub(crate) root: &'a Path,
    /// How many more processes may be started.
    pub(crate) room: usize,
    pub(crate) after: After,
    /// Rows of executions that are over, whose parents know it.
    pub(crate) told: BTreeSet<i64>,
}

/// To be done after the commit: none of it may happen for what is not stored.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) start: Vec<(TaskExecutionIdentifier, Attempt)>,
    pub(crate) kill: Vec<TaskExecutionIdentifier>,
    /// Executions that nodes started, by their rows.
    pub(crate) launched: Vec<i64>,
    /// Executions that are over, by their rows.
    pub(crate) over: Vec<i64>,
    /// Rows of executions whose end a node asked for.
    pub(crate) aborted: Vec<i64>,
}
