//! Stores what a step changed in a run.

use flyte_client::proto::{
    admin::{NodeExecutionClosure, NodeExecutionMetaData},
    core::{LiteralMap, node_execution::Phase},
};

use super::{Run, step::Step};
use crate::{
    compile::START,
    engine::{address, names},
    service_error::ServiceError,
    store::{self, node_execution::NodeExecution, time},
};

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
        (phase, values): (Phase, &LiteralMap),
        step: &Step<'_>,
    ) -> Result<(), ServiceError> {
        let now = Some(time::to_message(step.now));
        let parent = self.scopes[scope].parent.map(|parent| self.stored_row(parent, step)).transpose()?;
        let mut record = NodeExecution {
            row: 0,
            execution: self.execution.id.clone(),
            node_id: names::node_id(&self.scopes[scope].prefix, id),
            closure: NodeExecutionClosure {
                phase: phase.into(),
                created_at: now,
                updated_at: now,
                ..NodeExecutionClosure::default()
            },
            metadata: NodeExecutionMetaData {
                spec_node_id: id.to_owned(),
                retry_group: self.scopes[scope].retry_group.clone(),
                ..NodeExecutionMetaData::default()
            },
            inputs: LiteralMap::default(),
            outputs: None,
            parent,
        };
        if id == START {
            record.closure.output_result = Some(address::node_outputs(&record.execution, &record.node_id));
            record.outputs = Some(values.clone());
        } else {
            record.inputs = values.clone();
        }
        Ok(store::node_execution::save(step.transaction, &mut record, step.now)?)
    }
}
