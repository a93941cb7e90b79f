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
    event::{TaskExecutionMetadata, task_execution_metadata::InstanceClass},
};

use super::{CacheSlot, Node, NodeState};
use crate::{
    cache::{self, CacheKey, CacheLookup, Reservation},
    engine::{
        address,
        attempts::ProcessKey,
        names,
        node_error::{SYSTEM_RETRIES, exhausted, orphaned, timed_out},
        program::NodeTarget,
        run::{Run, Step},
    },
    runner::{self, Attempt, AttemptOutcome, TemplateNames},
    running_server::running_server,
    service_error::ServiceError,
    store::{execution::Execution, task_execution::TaskExecution, time},
};

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
                let metadata = TaskNodeMetadata {
                    cache_status: CatalogCacheStatus::CacheHit.into(),
                    catalog_key: Some(source),
                    ..Default::default()
                };
                self.set_task_metadata(index, metadata);
                self.succeed(index, outputs, Phase::Succeeded, step)
            }
            CacheLookup::Disabled => {
                self.set_state(index, NodeState::Queued);
                Ok(())
            }
            CacheLookup::Miss(key) => self.queue_or_await(index, key, step),
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
        let is_interruptible = self.is_interruptible(index, task);
        let node = &mut self.nodes[index];
        if node.cache.key.is_none() {
            // A retry by an engine that did not look for the result.
            node.cache.key = CacheKey::for_task(task, &node.record.inputs);
        }
        let attempt = match node.attempts.pop_if(|last| last.closure.phase() == TaskPhase::Running) {
            // It was cut off with its engine.
            Some(cut_off) => cut_off,
            None => node.new_attempt(task, is_interruptible, step),
        };
        let envs = self.execution.config.envs.iter().flat_map(|envs| &envs.values);
        let raw_prefix = raw_prefix(&self.execution);
        let start = Attempt {
            task: task.as_ref().clone(),
            inputs: attempt.inputs.clone(),
            array_inputs: None,
            element: None,
            folder: attempt.folder(step.root),
            blobs: step.root.join("blobs"),
            raw_prefix,
            names: TemplateNames {
                execution: attempt.execution.clone(),
                node: attempt.node_id.clone(),
                attempt: attempt.attempt,
            },
            platform: running_server(step.root).map(|server| server.reachable()),
            objects: None,
            warm: None,
            timeout: timeout(task),
            envs: envs.map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
        };
        step.effects.start.push((ProcessKey::for_attempt(&attempt), start));
        node.attempts.push(attempt);
        Ok(())
    }

    /// Whether a node's tasks may be run where they can be interrupted; the sandbox only records it.
    pub(super) fn is_interruptible(&self, index: usize, task: &TaskTemplate) -> bool {
        use flyte_client::proto::core::{
            node_metadata::InterruptibleValue as OfNode, task_metadata::InterruptibleValue as OfTask,
        };
        let node = &self.nodes[index];
        let of_node = node.spec.metadata.as_ref().and_then(|metadata| metadata.interruptible_value);
        let of_task = task.metadata.as_ref().and_then(|metadata| metadata.interruptible_value);
        let of_workflow = self.is_interruptible_by_default(node.scope);
        match (of_node, self.execution.config.interruptible, of_task) {
            (Some(OfNode::Interruptible(chosen)), ..) => chosen,
            (None, Some(chosen), _) => chosen,
            (None, None, Some(OfTask::Interruptible(chosen))) => chosen,
            (None, None, None) => of_workflow,
        }
    }

    /// Ends the running attempt, and the node with it unless there is another attempt.
    pub(in crate::engine) fn end_attempt(
        &mut self,
        index: usize,
        outcome: AttemptOutcome,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        match outcome {
            AttemptOutcome::Succeeded(outputs) => self.attempt_succeeded(index, outputs, step),
            AttemptOutcome::Dynamic(job) => self.attempt_made_workflow(index, *job, step),
            // The engine was stopped.
            AttemptOutcome::Killed if !self.is_unwanted(index) => self.repeat_attempt(index, step),
            AttemptOutcome::Killed => {
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                self.release_reservation(index, step)?;
                self.abort(index, step)
            }
            AttemptOutcome::TimedOut => {
                let limit = self.nodes[index].task().and_then(timeout).unwrap_or_default();
                self.nodes[index].close_attempt(TaskPhase::Aborted, step);
                self.nodes[index].timeouts += 1;
                self.retry_or_fail(index, timed_out(limit), true, step)
            }
            AttemptOutcome::Failed { error, recoverable } => {
                self.attempt_failed(index, error, recoverable, step)
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
        self.note_files(index, step);
        self.store_result(index, &outputs, step)?;
        self.succeed(index, outputs, Phase::Succeeded, step)
    }

    /// Stores the outputs of a cached task.
    pub(super) fn store_result(
        &mut self,
        index: usize,
        outputs: &LiteralMap,
        step: &Step<'_>,
    ) -> Result<(), ServiceError> {
        self.release_reservation(index, step)?;
        let node = &mut self.nodes[index];
        let key = node.cache.key.take().or_else(|| {
            // The engine that looked for the result was another one.
            let NodeTarget::Task(task) = &node.target else { return None };
            CacheKey::for_task(task, &node.record.inputs)
        });
        let (Some(key), Some(attempt)) = (key, node.attempts.last()) else { return Ok(()) };
        let source = attempt.id();
        let mut entry = cache::put(step.transaction, &key, outputs, &source, step.now)?;
        if !self.execution.config.overwrite_cache {
            // FlyteAdmin names the source where a result replaces another one.
            entry.source_execution = None;
        }
        self.set_cache_status(index, CatalogCacheStatus::CachePopulated, Some(entry));
        Ok(())
    }

    fn attempt_failed(
        &mut self,
        index: usize,
        error: ExecutionError,
        recoverable: bool,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let attempt = self.nodes[index].close_attempt(TaskPhase::Failed, step);
        attempt.closure.output_result = Some(task_execution_closure::OutputResult::Error(error.clone()));
        self.note_files(index, step);
        self.retry_or_fail(index, error, recoverable, step)
    }

    /// Queues a node again after a failed attempt, or ends it.
    fn retry_or_fail(
        &mut self,
        index: usize,
        error: ExecutionError,
        recoverable: bool,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
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
        let retries = self.nodes[index].task().map_or(0, retries);
        let error = if recoverable { exhausted(&error, retries) } else { error };
        self.fail(index, error, Phase::Failed, step)
    }

    /// Kills the running attempt of a task that is no longer wanted, or ends a task that has none.
    pub(in crate::engine) fn stop_task(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let has_attempt = self.nodes[index].running_attempt().is_some();
        if has_attempt && self.nodes[index].state != NodeState::Queued {
            step.effects.kill.extend(self.nodes[index].attempts.last().map(ProcessKey::for_attempt));
            return Ok(());
        }
        if has_attempt {
            self.nodes[index].close_attempt(TaskPhase::Aborted, step);
        }
        self.release_reservation(index, step)?;
        self.abort(index, step)
    }

    /// Ends an attempt whose engine has ended as it recorded itself; without a record it is run again.
    pub(in crate::engine) fn recover_attempt(
        &mut self,
        index: usize,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let last = self.nodes[index].attempts.last();
        let recorded = last.and_then(|attempt| runner::recall(&attempt.folder(step.root)));
        self.end_attempt(index, recorded.unwrap_or(AttemptOutcome::Killed), step)
    }

    /// Runs an attempt again that was cut off with its engine: it does not count as one of the task's.
    fn repeat_attempt(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let folder = self.nodes[index].attempts.last().map(|attempt| attempt.folder(step.root));
        if runner::set_aside(&folder.unwrap_or_default())? {
            self.mark_changed(index);
            self.set_state(index, NodeState::Queued);
            return Ok(());
        }
        self.end_attempt(index, orphaned(), step)
    }

    /// Notes where the checkpoints and the deck of an attempt are that ended by itself.
    pub(super) fn note_files(&mut self, index: usize, step: &Step<'_>) {
        let node = &mut self.nodes[index];
        let Some(attempt) = node.attempts.last() else { return };
        let (execution, number) = (&attempt.execution, attempt.attempt);
        let checkpoints = runner::checkpoints(step.root, execution, &attempt.node_id, number);
        let wants_deck =
            node.task().and_then(|task| task.metadata.as_ref()?.generates_deck).unwrap_or_default();
        if wants_deck {
            let folder = attempt.folder(step.root);
            match runner::keep_deck(step.root, &folder, (execution, &attempt.node_id, number)) {
                Ok(Some(uri)) => node.record.closure.deck_uri = uri,
                Ok(None) => {}
                Err(error) => log::warn!("could not keep the deck of `{}`: {error}", folder.display()),
            }
        }
        let metadata = TaskNodeMetadata { checkpoint_uri: checkpoints, ..Default::default() };
        self.set_task_metadata(index, metadata);
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
        let metadata = match &self.nodes[index].record.closure.target_metadata {
            Some(TargetMetadata::TaskNodeMetadata(metadata)) => metadata.clone(),
            _ => TaskNodeMetadata::default(),
        };
        let metadata = TaskNodeMetadata { cache_status: status.into(), catalog_key: entry, ..metadata };
        self.set_task_metadata(index, metadata);
    }

    pub(in crate::engine) fn set_task_metadata(&mut self, index: usize, metadata: TaskNodeMetadata) {
        self.nodes[index].record.closure.target_metadata = Some(TargetMetadata::TaskNodeMetadata(metadata));
        self.mark_changed(index);
    }
}

impl Node {
    pub(super) fn task(&self) -> Option<&TaskTemplate> {
        match &self.target {
            NodeTarget::Task(task) => Some(task),
            _ => None,
        }
    }

    /// The record of the next attempt.
    pub(super) fn new_attempt(
        &self,
        task: &TaskTemplate,
        is_interruptible: bool,
        step: &Step<'_>,
    ) -> TaskExecution {
        let now = Some(time::to_message(step.now));
        let number = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let name = names::child_execution(&self.record.execution.name, &self.record.node_id, number);
        let instance_class =
            if is_interruptible { InstanceClass::Interruptible } else { InstanceClass::Default };
        let mut attempt = TaskExecution {
            task: task.id.clone().unwrap_or_default(),
            execution: self.record.execution.clone(),
            node_id: self.record.node_id.clone(),
            attempt: number,
            closure: TaskExecutionClosure {
                phase: TaskPhase::Running.into(),
                created_at: now,
                updated_at: now,
                started_at: now,
                task_type: task.r#type.clone(),
                event_version: 1,
                metadata: Some(TaskExecutionMetadata {
                    generated_name: name,
                    plugin_identifier: "container".to_owned(),
                    instance_class: instance_class.into(),
                    ..TaskExecutionMetadata::default()
                }),
                ..TaskExecutionClosure::default()
            },
            inputs: self.record.inputs.clone(),
            outputs: None,
            process: None,
        };
        attempt.closure.logs = runner::logs(&attempt.folder(step.root));
        attempt
    }

    pub(super) fn close_attempt(&mut self, phase: TaskPhase, step: &Step<'_>) -> &mut TaskExecution {
        let last = self.attempts.len() - 1;
        let attempt = &mut self.attempts[last];
        let closure = &mut attempt.closure;
        closure.set_phase(phase);
        closure.updated_at = Some(time::to_message(step.now));
        closure.duration = closure.started_at.as_ref().map(|started| time::since(started, step.now));
        if phase == TaskPhase::Succeeded {
            closure.output_result = Some(address::attempt_outputs(&attempt.execution, &attempt.node_id));
        }
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
        user.len() + self.timeouts <= self.task().map_or(0, retries)
    }

    /// Renews the reservation that keeps equal tasks from running.
    pub(in crate::engine) fn renew_reservation(&self, step: &Step<'_>) -> Result<(), ServiceError> {
        if let (Some(owner), Some(key)) = (&self.cache.owner, &self.cache.key) {
            cache::reserve(step.transaction, key, owner, step.now)?;
        }
        Ok(())
    }
}

/// How often a task may be retried after failures of its own.
pub(super) fn retries(task: &TaskTemplate) -> usize {
    let retries = task.metadata.as_ref().and_then(|metadata| metadata.retries);
    retries.and_then(|retries| usize::try_from(retries.retries).ok()).unwrap_or_default()
}

/// How long an attempt may take.
pub(super) fn timeout(task: &TaskTemplate) -> Option<Duration> {
    let timeout = task.metadata.as_ref()?.timeout?;
    Duration::try_from(timeout).ok().filter(|timeout| !timeout.is_zero())
}

/// Where the user wants files of outputs.
pub(super) fn raw_prefix(execution: &Execution) -> Option<String> {
    let config = execution.config.raw_output_data_config.as_ref();
    config.map(|config| config.output_location_prefix.clone()).filter(|prefix| !prefix.is_empty())
}
