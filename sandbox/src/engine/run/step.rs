//! One step of the engine: a transaction, what it stores, and what is done once it is committed.

use std::{collections::BTreeSet, path::Path};

use flyte_client::proto::{
    admin::{NodeExecutionClosure, NodeExecutionMetaData},
    core::{LiteralMap, TaskExecutionIdentifier, node_execution::Phase},
};
use jiff::Timestamp;
use rusqlite::Transaction;

use super::Run;
use crate::{
    runner::Attempt,
    service_error::ServiceError,
    store::{self, node_execution::NodeExecution, time},
};

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
    pub(crate) start: Vec<(TaskExecutionIdentifier, Attempt)>,
    /// Attempts to kill.
    pub(crate) kill: Vec<TaskExecutionIdentifier>,
    /// Rows of executions that nodes started.
    pub(crate) launched: Vec<i64>,
    /// Rows of executions that have ended.
    pub(crate) ended: Vec<i64>,
    /// Rows of executions whose end a node asked for.
    pub(crate) aborting: Vec<i64>,
}

impl Run {
    /// Stores what differs from the store.
    pub(super) fn save(&mut self, step: &Step<'_>) -> Result<(), ServiceError> {
        // A parent has a smaller index than the nodes below it, so its row exists when they refer to it.
        for index in std::mem::take(&mut self.changed) {
            let parent = self.scopes[self.nodes[index].scope].parent;
            let row = parent.map(|parent| self.nodes[parent].record.row);
            let record = &mut self.nodes[index].record;
            record.parent = row;
            store::node_execution::save(step.transaction, record, step.now)?;
            // A step ends at most one attempt, and starts the next.
            for attempt in self.nodes[index].attempts.iter().rev().take(2) {
                store::task_execution::save(step.transaction, attempt, step.now)?;
            }
        }
        if std::mem::take(&mut self.is_changed) {
            let closure = &mut self.execution.closure;
            closure.updated_at = Some(time::to_message(step.now));
            // Only services archive executions: keep what they wrote.
            let stored = store::execution::get(step.transaction, self.execution.row)?;
            closure.state_change_details = stored.closure.state_change_details;
            store::execution::update(step.transaction, &self.execution, step.now)?;
        }
        Ok(())
    }

    /// The row of a node. One that is not stored yet is stored now, after its parents.
    pub(in crate::engine) fn stored_row(
        &mut self,
        index: usize,
        step: &Step<'_>,
    ) -> Result<i64, ServiceError> {
        if self.nodes[index].record.row == 0 {
            let parent = self.scopes[self.nodes[index].scope].parent;
            let parent = parent.map(|parent| self.stored_row(parent, step)).transpose()?;
            let record = &mut self.nodes[index].record;
            record.parent = parent;
            store::node_execution::save(step.transaction, record, step.now)?;
        }
        Ok(self.nodes[index].record.row)
    }

    /// Stores `start-node` or `end-node`, which end as soon as they begin.
    pub(super) fn add_marker(
        &mut self,
        scope: usize,
        id: &str,
        values: &LiteralMap,
        step: &Step<'_>,
    ) -> Result<(), ServiceError> {
        let now = Some(time::to_message(step.now));
        let parent = self.scopes[scope].parent.map(|parent| self.stored_row(parent, step)).transpose()?;
        let mut record = NodeExecution {
            row: 0,
            execution: self.execution.id.clone(),
            node_id: format!("{}{id}", self.scopes[scope].prefix),
            closure: NodeExecutionClosure {
                phase: Phase::Succeeded.into(),
                created_at: now,
                started_at: now,
                updated_at: now,
                duration: Some(prost_types::Duration::default()),
                ..NodeExecutionClosure::default()
            },
            metadata: NodeExecutionMetaData {
                spec_node_id: id.to_owned(),
                retry_group: self.scopes[scope].retry_group().to_owned(),
                ..NodeExecutionMetaData::default()
            },
            inputs: values.clone(),
            outputs: Some(values.clone()),
            parent,
        };
        Ok(store::node_execution::save(step.transaction, &mut record, step.now)?)
    }
}
