//! One element of an array: its tries, its result.

use std::sync::Arc;

use flyte_client::proto::core::{
    CatalogCacheStatus, ExecutionError, LiteralMap, execution_error::ErrorKind,
    task_execution::Phase as TaskPhase,
};

use crate::{
    cache::{self, CacheKey, CacheLookup},
    engine::{
        attempts::{ElementKey, ProcessKey},
        elements::{ElementState, cache_status, of_element},
        names,
        node::{
            NodeState,
            task::{retries, timeout},
        },
        node_error::{execution_error, orphaned, timed_out},
        program::ArrayTarget,
        run::{Run, Step},
    },
    runner::{self, Attempt, AttemptOutcome, TemplateNames},
    running_server::running_server,
    service_error::ServiceError,
    store::array_element::{self, ElementTry},
};

impl Run {
    /// Starts the next element of an array, or takes its cached result. Returns whether the array still runs.
    pub(super) fn start_next_element(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<bool, ServiceError> {
        let Some(target) = self.nodes[index].array_target().cloned() else { return Ok(false) };
        let Some(array) = &mut self.nodes[index].array else { return Ok(false) };
        let Some(at) = array.pending.pop_front() else { return Ok(false) };
        let inputs = of_element(&self.nodes[index].record.inputs, &target.array, at);
        if self.take_cached(index, at, &target, &inputs, step)? {
            self.settle_array(index, step)?;
            return Ok(self.nodes[index].state == NodeState::Running);
        }
        step.free_slots -= 1;
        self.start_try(index, at, &target, inputs, step)?;
        Ok(true)
    }

    /// Takes the cached result of an element; `false` if there is none.
    fn take_cached(
        &mut self,
        index: usize,
        at: usize,
        target: &ArrayTarget,
        inputs: &LiteralMap,
        step: &Step<'_>,
    ) -> Result<bool, ServiceError> {
        let found = if self.execution.config.overwrite_cache {
            CacheKey::for_task(&target.task, inputs).map_or(CacheLookup::Disabled, CacheLookup::Miss)
        } else {
            cache::lookup(step.transaction, &target.task, inputs, step.now)?
        };
        let node = &mut self.nodes[index];
        let (row, Some(array)) = (node.record.row, &mut node.array) else { return Ok(false) };
        let element = &mut array.elements[at];
        match found {
            CacheLookup::Hit { outputs, .. } => {
                let one = ElementTry {
                    element: number(at),
                    attempt: element.tries,
                    phase: TaskPhase::Succeeded,
                    cache_status: CatalogCacheStatus::CacheHit,
                    outputs: Some(outputs.clone()),
                    error: None,
                    process: None,
                };
                element.state = ElementState::Succeeded(outputs);
                array_element::save(step.transaction, row, &one)?;
                Ok(true)
            }
            CacheLookup::Disabled => Ok(false),
            CacheLookup::Miss(key) => {
                element.key = Some(key);
                Ok(false)
            }
        }
    }

    fn start_try(
        &mut self,
        index: usize,
        at: usize,
        target: &Arc<ArrayTarget>,
        inputs: LiteralMap,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let envs = self.execution.config.envs.iter().flat_map(|envs| &envs.values);
        let envs = envs.map(|pair| (pair.key.clone(), pair.value.clone())).collect();
        let raw_prefix = super::super::task::raw_prefix(&self.execution);
        let node = &mut self.nodes[index];
        let (Some(array), Some(attempt)) = (&mut node.array, node.attempts.last()) else { return Ok(()) };
        array.running += 1;
        let element = &mut array.elements[at];
        element.state = ElementState::Running;
        let (number, this_try) = (number(at), element.tries);
        element.tries += 1;
        let one = ElementTry {
            element: number,
            attempt: this_try,
            phase: TaskPhase::Running,
            cache_status: cache_status(element),
            outputs: None,
            error: None,
            process: None,
        };
        array_element::save(step.transaction, node.record.row, &one)?;
        let prefix = format!("{}-{}-", attempt.node_id, attempt.attempt);
        let start = Attempt {
            task: target.element.as_ref().clone(),
            inputs,
            array_inputs: (!target.is_original_interface()).then(|| node.record.inputs.clone()),
            element: Some(number),
            folder: runner::element_folder(&attempt.folder(step.root), number, this_try),
            blobs: step.root.join("blobs"),
            raw_prefix,
            names: TemplateNames {
                execution: attempt.execution.clone(),
                node: names::node_id(&prefix, &format!("n{number}")),
                attempt: this_try,
            },
            platform: running_server(step.root).map(|server| server.reachable()),
            objects: None,
            warm: None,
            timeout: timeout(&target.task),
            envs,
        };
        let element = ElementKey { node: node.record.row, index: number, attempt: this_try };
        let key = ProcessKey { element: Some(element), ..ProcessKey::for_attempt(attempt) };
        step.effects.start.push((key, start));
        Ok(())
    }

    /// Ends a try of an element, and the array with it if it needs no other.
    pub(in crate::engine) fn end_element(
        &mut self,
        index: usize,
        (number, this_try): (u32, u32),
        outcome: AttemptOutcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let Some(target) = self.nodes[index].array_target().cloned() else { return Ok(()) };
        let Ok(at) = usize::try_from(number) else { return Ok(()) };
        let node = &mut self.nodes[index];
        let (Some(array), Some(attempt)) = (&mut node.array, node.attempts.last()) else { return Ok(()) };
        let Some(element) = array.elements.get_mut(at) else { return Ok(()) };
        if !matches!(element.state, ElementState::Running) || element.tries != this_try + 1 {
            return Ok(());
        }
        array.running -= 1;
        let mut one = ElementTry {
            element: number,
            attempt: this_try,
            phase: TaskPhase::Aborted,
            cache_status: cache_status(element),
            outputs: None,
            error: None,
            process: None,
        };
        match failure(outcome, &target) {
            Ended::Succeeded(outputs) => {
                one.phase = TaskPhase::Succeeded;
                one.outputs = Some(outputs.clone());
                let inputs = || of_element(&node.record.inputs, &target.array, at);
                let key = element.key.take().or_else(|| CacheKey::for_task(&target.task, &inputs()));
                if let Some(key) = key {
                    cache::put(step.transaction, &key, &outputs, &attempt.id(), step.now)?;
                    one.cache_status = CatalogCacheStatus::CachePopulated;
                }
                element.state = ElementState::Succeeded(outputs);
            }
            Ended::Killed if array.is_stopping => element.state = ElementState::Aborted,
            // The engine was stopped: the try is run again under its number.
            Ended::Killed => {
                one.phase = TaskPhase::Queued;
                element.tries = this_try;
                element.state = ElementState::Pending;
                array.pending.push_front(at);
            }
            Ended::Failed { error, recoverable } => {
                one.phase = TaskPhase::Failed;
                element.count(Some(&error));
                one.error = Some(error.clone());
                if recoverable && !array.is_stopping && element.may_retry(error.kind(), retries(&target.task))
                {
                    element.state = ElementState::Pending;
                    array.pending.push_front(at);
                } else {
                    element.state = ElementState::Failed(error);
                    array.failed += 1;
                }
            }
        }
        array_element::save(step.transaction, node.record.row, &one)?;
        self.settle_array(index, step)
    }

    /// Ends a try whose engine has ended as it recorded itself; without a record it is run again.
    pub(super) fn recover_element(
        &mut self,
        index: usize,
        (number, this_try): (u32, u32),
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let attempt = self.nodes[index].attempts.last();
        let folder = attempt
            .map(|attempt| runner::element_folder(&attempt.folder(step.root), number, this_try))
            .unwrap_or_default();
        let outcome = match runner::recall(&folder) {
            Some(AttemptOutcome::Killed) | None if runner::set_aside(&folder)? => AttemptOutcome::Killed,
            Some(AttemptOutcome::Killed) | None => orphaned(),
            Some(outcome) => outcome,
        };
        self.end_element(index, (number, this_try), outcome, step)
    }

    /// Kills the running elements of an array.
    pub(super) fn kill_elements(&self, index: usize, step: &mut Step<'_>) {
        let node = &self.nodes[index];
        let (Some(array), Some(attempt)) = (&node.array, node.attempts.last()) else { return };
        let running = array.elements.iter().enumerate();
        let running = running.filter(|(_, element)| matches!(element.state, ElementState::Running));
        step.effects.kill.extend(running.map(|(at, element)| ProcessKey {
            element: Some(ElementKey {
                node: node.record.row,
                index: number(at),
                attempt: element.tries - 1,
            }),
            ..ProcessKey::for_attempt(attempt)
        }));
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// How a try of an element ended.
enum Ended {
    Succeeded(LiteralMap),
    Killed,
    Failed { error: ExecutionError, recoverable: bool },
}

fn failure(outcome: AttemptOutcome, target: &ArrayTarget) -> Ended {
    match outcome {
        AttemptOutcome::Succeeded(outputs) => Ended::Succeeded(outputs),
        AttemptOutcome::Killed => Ended::Killed,
        AttemptOutcome::Failed { error, recoverable } => Ended::Failed { error, recoverable },
        AttemptOutcome::TimedOut => {
            let error = timed_out(timeout(&target.task).unwrap_or_default());
            Ended::Failed { error, recoverable: true }
        }
        AttemptOutcome::Dynamic(_) => Ended::Failed {
            error: execution_error(
                "NotSupported",
                "could not map over a `@dynamic` task: Flyte runs plain tasks in arrays only",
                ErrorKind::User,
            ),
            recoverable: false,
        },
    }
}
