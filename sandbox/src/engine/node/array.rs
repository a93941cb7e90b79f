//! Array nodes: a task for each element of lists.
//!
//! An array has one attempt; its elements are rows of their own ([`store::array_element`]), each with its
//! tries. What is in memory is restored from them, so an element that has succeeded is not run again.

mod element;

use std::{collections::BTreeMap, sync::Arc};

use flyte_client::proto::{
    admin::task_execution_closure,
    core::{
        ExecutionError, Literal, LiteralCollection, LiteralMap, Scalar, Void, literal, node_execution::Phase,
        scalar, task_execution::Phase as TaskPhase,
    },
    event::ExternalResourceInfo,
};

use super::{Node, NodeState};
use crate::{
    engine::{
        elements::{self, ArrayRun, ElementState, PLUGIN, TASK_TYPE},
        program::{ArrayTarget, NodeTarget},
        run::{Run, Step},
    },
    service_error::ServiceError,
    store::{self, array_element::ElementTry},
};

impl Run {
    /// Starts a queued array: its attempt, and its first elements.
    pub(in crate::engine) fn start_array(
        &mut self,
        index: usize,
        target: &Arc<ArrayTarget>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let attempt = self.array_attempt(index, target, step);
        self.nodes[index].attempts.push(attempt);
        let length = match elements::length(&self.nodes[index].record.inputs, &target.array) {
            Ok(length) => length,
            Err(error) => {
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                return self.fail(index, *error, Phase::Failed, step);
            }
        };
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::Running);
        self.nodes[index].list_elements(length);
        self.nodes[index].array = Some(ArrayRun::new(length, &target.array, self.parallelism()));
        self.stored_row(index, step)?;
        self.settle_array(index, step)
    }

    fn array_attempt(
        &self,
        index: usize,
        target: &ArrayTarget,
        step: &Step<'_>,
    ) -> store::task_execution::TaskExecution {
        let is_interruptible = self.is_interruptible(index, &target.task);
        let mut attempt = self.nodes[index].new_attempt(&target.task, is_interruptible, step);
        attempt.closure.task_type = TASK_TYPE.to_owned();
        attempt.closure.logs.clear();
        if let Some(metadata) = &mut attempt.closure.metadata {
            metadata.plugin_identifier = PLUGIN.to_owned();
        }
        attempt
    }

    /// Whether an array has elements that a free slot would start.
    pub(in crate::engine) fn wants_element_slots(&self) -> bool {
        self.queues_arrays().any(|index| self.nodes[index].array.as_ref().is_some_and(ArrayRun::may_start))
    }

    /// Starts elements while there are slots; returns whether any was.
    pub(in crate::engine) fn start_elements(&mut self, step: &mut Step<'_>) -> Result<bool, ServiceError> {
        let mut has_started = false;
        for index in self.queues_arrays().collect::<Vec<_>>() {
            while step.free_slots > 0
                && self.nodes[index].array.as_ref().is_some_and(ArrayRun::may_start)
                && self.start_next_element(index, step)?
            {
                has_started = true;
            }
        }
        Ok(has_started)
    }

    /// Ends an array that needs no further element, or stops it.
    pub(super) fn settle_array(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let is_unwanted = self.is_unwanted(index);
        let Some(array) = &mut self.nodes[index].array else { return Ok(()) };
        if !array.is_stopping && (array.has_failed() || is_unwanted) {
            array.is_stopping = true;
            self.kill_elements(index, step);
        }
        let Some(array) = &self.nodes[index].array else { return Ok(()) };
        if array.running > 0 || (!array.is_stopping && !array.pending.is_empty()) {
            return Ok(());
        }
        if is_unwanted {
            self.nodes[index].close_attempt(TaskPhase::Aborted, step);
            return self.abort(index, step);
        }
        if array.has_failed() {
            return self.array_failed(index, step);
        }
        self.array_succeeded(index, step)
    }

    fn array_failed(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let lines = self.nodes[index].array.iter().flat_map(|array| array.elements.iter().enumerate());
        let message = lines
            .filter_map(|(number, element)| match &element.state {
                ElementState::Failed(error) => Some(format!("[{number}]: {}\n", error.message)),
                _ => None,
            })
            .collect();
        // Of an array, Flyte reports the texts only.
        let error = ExecutionError { message, ..ExecutionError::default() };
        let attempt = self.nodes[index].close_attempt(TaskPhase::Failed, step);
        attempt.closure.output_result = Some(task_execution_closure::OutputResult::Error(error.clone()));
        self.fail(index, error, Phase::Failed, step)
    }

    fn array_succeeded(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let outputs = self.nodes[index].gathered();
        let attempt = self.nodes[index].close_attempt(TaskPhase::Succeeded, step);
        attempt.outputs = Some(outputs.clone());
        self.succeed(index, outputs, Phase::Succeeded, step)
    }

    /// Ends an array that is no longer wanted, once its elements have ended.
    pub(in crate::engine) fn stop_array(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        // Where its engine has ended, what its elements recorded counts first.
        if self.nodes[index].state == NodeState::Orphaned
            && let Some(target) = self.nodes[index].array_target().cloned()
        {
            return self.recover_array(index, &target, step);
        }
        match &mut self.nodes[index].array {
            Some(array) if array.running > 0 => {
                array.is_stopping = true;
                self.kill_elements(index, step);
                Ok(())
            }
            Some(_) => {
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                self.abort(index, step)
            }
            None => self.abort(index, step),
        }
    }

    /// Restores an array whose engine has ended: from its elements, and what the running ones recorded.
    pub(in crate::engine) fn recover_array(
        &mut self,
        index: usize,
        target: &Arc<ArrayTarget>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let node = &self.nodes[index];
        let tries = store::array_element::list_for_node(step.transaction, node.record.row)?;
        let length = elements::length(&node.record.inputs, &target.array).unwrap_or_default();
        let mut array = ArrayRun::new(length, &target.array, self.parallelism());
        let mut by_element: BTreeMap<u32, Vec<ElementTry>> = BTreeMap::new();
        for one in tries {
            by_element.entry(one.element).or_default().push(one);
        }
        let mut running = Vec::new();
        for (number, tries) in by_element {
            let Some(element) = usize::try_from(number).ok().and_then(|at| array.elements.get_mut(at)) else {
                continue;
            };
            element.restore(&tries);
            running.extend(
                tries
                    .last()
                    .filter(|last| last.phase == TaskPhase::Running)
                    .map(|last| last.attempt)
                    .map(|attempt| (number, attempt)),
            );
        }
        array.running = running.len();
        array.failed =
            array.elements.iter().filter(|element| matches!(element.state, ElementState::Failed(_))).count();
        array.pending.retain(|&at| matches!(array.elements[at].state, ElementState::Pending));
        array.is_stopping = self.is_unwanted(index);
        self.nodes[index].array = Some(array);
        self.set_state(index, NodeState::Running);
        for (number, attempt) in running {
            self.recover_element(index, (number, attempt), step)?;
        }
        if self.nodes[index].state == NodeState::Running {
            self.settle_array(index, step)?;
        }
        Ok(())
    }
}

impl Node {
    pub(super) fn array_target(&self) -> Option<&Arc<ArrayTarget>> {
        match &self.target {
            NodeTarget::Array(target) => Some(target),
            _ => None,
        }
    }

    /// Notes how many elements its attempt has.
    fn list_elements(&mut self, length: usize) {
        let metadata = self.attempts.last_mut().and_then(|attempt| attempt.closure.metadata.as_mut());
        let Some(metadata) = metadata else { return };
        let indices = (0..length).filter_map(|index| u32::try_from(index).ok());
        let element = |index| ExternalResourceInfo {
            external_id: format!("{}-n{index}-0", metadata.generated_name),
            index,
            ..ExternalResourceInfo::default()
        };
        metadata.external_resources = indices.map(element).collect();
    }

    /// The outputs of the elements as lists, with `None` for those that failed.
    fn gathered(&self) -> LiteralMap {
        let declared =
            self.array_target().and_then(|target| target.task.interface.as_ref()?.outputs.as_ref());
        let elements = || self.array.iter().flat_map(|array| &array.elements);
        let names = declared.into_iter().flat_map(|map| map.variables.keys());
        let lists = names.map(|name| {
            let literals = elements().map(|element| element.output(name).unwrap_or_else(none)).collect();
            let list = Literal {
                value: Some(literal::Value::Collection(LiteralCollection { literals })),
                ..Literal::default()
            };
            (name.clone(), list)
        });
        LiteralMap { literals: lists.collect() }
    }
}

fn none() -> Literal {
    let scalar = Scalar { value: Some(scalar::Value::NoneType(Void {})) };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Literal::default() }
}
