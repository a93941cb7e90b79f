//! Task nodes: cached results, attempts, retries.

use std::{sync::Arc, time::Duration};

use flyte_client::proto::{
    admin::{
        TaskExecutionClosure, TaskNodeMetadata, node_execution_closure::TargetMetadata,
        task_execution_closure,
    },
    core::{
        CatalogCacheStatus, CatalogMetadata, ExecutionError, LiteralMap, TaskTemplate,
        execution_error::ErrorKind, node_execution::Phase, task_execution::Phase as TaskPhase,
    },
};

use super::{CacheSlot, Node, NodeState};
use crate::{
    cache::{self, CacheKey, CacheLookup, Reservation},
    engine::{
        program::NodeTarget,
        run::{Run, Step, execution_error},
    },
    runner::{self, Attempt, AttemptOutcome, TemplateNames},
    service_error::ServiceError,
    store::{task_execution::TaskExecution, time},
};

/// How often an attempt that failed for a reason outside of the task is retried.
const SYSTEM_RETRIES: usize = 3;

/// The error code of attempts whose engine ended.
const ORPHANED: &str = "EngineGone";

impl Run {
    /// Looks for a cached result; without one the node is queued for an attempt.
    pub(in crate::engine) fn look_up_cache(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let NodeTarget::Task(task) = self.nodes[index].target.clone() else { return Ok(()) };
        let inputs = &self.nodes[index].record.inputs;
        let found = if self.execution.config.overwrite_cache {
            CacheKey::for_task(&task, inputs).map_or(CacheLookup::Disabled, CacheLookup::Miss)
        } else {
            cache::lookup(step.transaction, &task, inputs, step.now)?
        };
        match found {
            CacheLookup::Hit { outputs, source } => {
                self.set_cache_status(index, CatalogCacheStatus::CacheHit, Some(source));
                self.succeed(index, outputs, Phase::Succeeded, step)
            }
            CacheLookup::Disabled => {
                self.set_state(index, NodeState::Queued);
                Ok(())
            }
            CacheLookup::Miss(key) => {
                self.set_cache_status(index, CatalogCacheStatus::CacheMiss, None);
                self.queue_or_await(index, key, step)
            }
        }
    }

    /// Queues a cached task, unless an equal one is running and the task wants them one at a time.
    fn queue_or_await(&mut self, index: usize, key: CacheKey, step: &Step<'_>) -> Result<(), ServiceError> {
        let owner = key.serialize.then(|| self.reservation_owner(index));
        if let Some(owner) = &owner
            && cache::reserve(step.transaction, &key, owner, step.now)? != Reservation::Acquired
        {
            if self.nodes[index].state != NodeState::AwaitingCache {
                self.set_state(index, NodeState::AwaitingCache);
            }
            return Ok(());
        }
        self.nodes[index].cache = CacheSlot { key: Some(key), owner };
        self.set_state(index, NodeState::Queued);
        Ok(())
    }

    /// Starts the next attempt.
    pub(in crate::engine) fn start_attempt(
        &mut self,
        index: usize,
        task: &Arc<TaskTemplate>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Running, step);
        self.set_state(index, NodeState::Running);
        let node = &mut self.nodes[index];
        if node.cache.key.is_none() {
            // A retry by an engine that did not look for the result.
            node.cache.key = CacheKey::for_task(task, &node.record.inputs);
        }
        let attempt = node.new_attempt(task, step);
        let envs = self.execution.config.envs.iter().flat_map(|envs| &envs.values);
        let start = Attempt {
            task: task.as_ref().clone(),
            inputs: attempt.inputs.clone(),
            folder: attempt.folder(step.root),
            blobs: step.root.join("blobs"),
            names: TemplateNames {
                execution: attempt.execution.clone(),
                node: attempt.node_id.clone(),
                attempt: attempt.attempt,
            },
            timeout: timeout(task),
            envs: envs.map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
        };
        step.effects.start.push((attempt.id(), start));
        node.attempts.push(attempt);
        Ok(())
    }

    /// Ends the running attempt, and the node with it unless there is another attempt.
    pub(in crate::engine) fn end_attempt(
        &mut self,
        index: usize,
        outcome: AttemptOutcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if self.nodes[index].record.closure.target_metadata.is_none() {
            self.set_cache_status(index, CatalogCacheStatus::CacheDisabled, None);
        }
        match outcome {
            AttemptOutcome::Succeeded(outputs) => self.attempt_succeeded(index, outputs, step),
            AttemptOutcome::Killed if !self.is_unwanted(index) => {
                // The engine was stopped: the next one repeats the attempt.
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                self.mark_changed(index);
                self.set_state(index, NodeState::Queued);
                Ok(())
            }
            AttemptOutcome::Killed => {
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                self.release_reservation(index, step)?;
                self.abort(index, step)
            }
            AttemptOutcome::TimedOut => {
                let limit = self.nodes[index].task().and_then(timeout).unwrap_or_default();
                let text =
                    format!("the task took longer than its timeout of {}", flyte_text::duration(limit));
                let error = execution_error("TimeoutExpired", text, ErrorKind::User);
                self.attempt_failed(index, error, true, Phase::TimedOut, step)
            }
            AttemptOutcome::Failed { error, recoverable } => {
                self.attempt_failed(index, error, recoverable, Phase::Failed, step)
            }
        }
    }

    fn attempt_succeeded(
        &mut self,
        index: usize,
        outputs: LiteralMap,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let attempt = self.nodes[index].close_attempt(TaskPhase::Succeeded, step);
        attempt.outputs = Some(outputs.clone());
        let id = attempt.id();
        self.release_reservation(index, step)?;
        if let Some(key) = self.nodes[index].cache.key.take() {
            let entry = cache::put(step.transaction, &key, &outputs, &id, step.now)?;
            self.set_cache_status(index, CatalogCacheStatus::CachePopulated, Some(entry));
        }
        self.succeed(index, outputs, Phase::Succeeded, step)
    }

    fn attempt_failed(
        &mut self,
        index: usize,
        mut error: ExecutionError,
        recoverable: bool,
        phase: Phase,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        error.timestamp.get_or_insert(time::to_message(step.now));
        let attempt = self.nodes[index].close_attempt(TaskPhase::Failed, step);
        attempt.closure.output_result = Some(task_execution_closure::OutputResult::Error(error.clone()));
        self.mark_changed(index);
        if self.is_unwanted(index) {
            self.release_reservation(index, step)?;
            return self.abort(index, step);
        }
        if recoverable && self.nodes[index].may_retry(error.kind()) {
            self.set_state(index, NodeState::Queued);
            return Ok(());
        }
        self.release_reservation(index, step)?;
        self.fail(index, error, phase, step)
    }

    /// Kills the running attempt of a task that is no longer wanted, or ends a task that has none.
    pub(in crate::engine) fn stop_task(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if self.nodes[index].running_attempt().is_some() {
            step.effects.kill.extend(self.nodes[index].attempts.last().map(TaskExecution::id));
            return Ok(());
        }
        self.release_reservation(index, step)?;
        self.abort(index, step)
    }

    /// Ends an attempt whose engine has ended: as it recorded itself, or as failed.
    pub(in crate::engine) fn recover_attempt(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let last = self.nodes[index].attempts.last();
        let recorded = last.and_then(|attempt| runner::recall(&attempt.folder(step.root)));
        let outcome = recorded.unwrap_or_else(|| {
            let text = "the sandbox's engine ended while the task was running";
            AttemptOutcome::Failed {
                error: execution_error(ORPHANED, text, ErrorKind::System),
                recoverable: true,
            }
        });
        self.end_attempt(index, outcome, step)
    }

    /// Lets equal tasks run.
    fn release_reservation(&mut self, index: usize, step: &Step<'_>) -> Result<(), ServiceError> {
        let slot = &mut self.nodes[index].cache;
        if let (Some(owner), Some(key)) = (slot.owner.take(), &slot.key) {
            cache::release(step.transaction, key, &owner)?;
        }
        Ok(())
    }

    fn reservation_owner(&self, index: usize) -> String {
        let id = &self.execution.id;
        format!("{}/{}/{}/{}", id.project, id.domain, id.name, self.nodes[index].record.node_id)
    }

    fn set_cache_status(&mut self, index: usize, status: CatalogCacheStatus, entry: Option<CatalogMetadata>) {
        let metadata =
            TaskNodeMetadata { cache_status: status.into(), catalog_key: entry, ..Default::default() };
        self.nodes[index].record.closure.target_metadata = Some(TargetMetadata::TaskNodeMetadata(metadata));
        self.mark_changed(index);
    }
}

impl Node {
    fn task(&self) -> Option<&TaskTemplate> {
        match &self.target {
            NodeTarget::Task(task) => Some(task),
            _ => None,
        }
    }

    /// The record of the next attempt.
    fn new_attempt(&self, task: &TaskTemplate, step: &Step<'_>) -> TaskExecution {
        let now = Some(time::to_message(step.now));
        let mut attempt = TaskExecution {
            task: task.id.clone().unwrap_or_default(),
            execution: self.record.execution.clone(),
            node_id: self.record.node_id.clone(),
            attempt: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX),
            closure: TaskExecutionClosure {
                phase: TaskPhase::Running.into(),
                created_at: now,
                updated_at: now,
                started_at: now,
                task_type: task.r#type.clone(),
                ..TaskExecutionClosure::default()
            },
            inputs: self.record.inputs.clone(),
            outputs: None,
            process: None,
        };
        attempt.closure.logs = runner::logs(&attempt.folder(step.root));
        attempt
    }

    fn close_attempt(&mut self, phase: TaskPhase, step: &Step<'_>) -> &mut TaskExecution {
        let last = self.attempts.len() - 1;
        let attempt = &mut self.attempts[last];
        let closure = &mut attempt.closure;
        closure.set_phase(phase);
        closure.updated_at = Some(time::to_message(step.now));
        closure.duration = closure.started_at.as_ref().map(|started| time::since(started, step.now));
        attempt
    }

    /// Whether there is another attempt after a failure of this kind. User and system failures are counted
    /// apart.
    fn may_retry(&self, kind: ErrorKind) -> bool {
        let kinds = self.attempts.iter().filter_map(|attempt| match &attempt.closure.output_result {
            Some(task_execution_closure::OutputResult::Error(error)) => Some(error.kind()),
            _ => None,
        });
        let (system, user): (Vec<_>, Vec<_>) = kinds.partition(|kind| *kind == ErrorKind::System);
        if kind == ErrorKind::System {
            return system.len() <= SYSTEM_RETRIES;
        }
        let metadata = self.task().and_then(|task| task.metadata.as_ref());
        let retries = metadata.and_then(|metadata| metadata.retries).map_or(0, |retries| retries.retries);
        u32::try_from(user.len()).is_ok_and(|failures| failures <= retries)
    }

    /// Renews the reservation that keeps equal tasks from running.
    pub(in crate::engine) fn renew_reservation(&self, step: &Step<'_>) -> Result<(), ServiceError> {
        if let (Some(owner), Some(key)) = (&self.cache.owner, &self.cache.key) {
            cache::reserve(step.transaction, key, owner, step.now)?;
        }
        Ok(())
    }
}

/// How long an attempt may take.
fn timeout(task: &TaskTemplate) -> Option<Duration> {
    let timeout = task.metadata.as_ref()?.timeout?;
    Duration::try_from(timeout).ok().filter(|timeout| !timeout.is_zero())
}
