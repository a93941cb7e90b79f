//! Nodes that run a task: results from the cache, attempts, retries.

use std::{sync::Arc, time::Duration};

use flyte_client::proto::{
    admin::{
        TaskExecutionClosure, TaskNodeMetadata, node_execution_closure::TargetMetadata,
        task_execution_closure,
    },
    core::{
        CatalogCacheStatus, CatalogMetadata, ExecutionError, TaskTemplate, execution_error::ErrorKind,
        node_execution::Phase, task_execution::Phase as TaskPhase,
    },
};

use crate::{
    cache::{self, CacheKey, CacheLookup, Reservation},
    engine::{
        run::{Node, Run, execution_error},
        step::Step,
    },
    runner::{self, Attempt, Outcome, TemplateNames},
    service_error::ServiceError,
    store::{task_execution::TaskExecution, time},
};

/// How often an attempt that failed by no fault of the task is repeated.
const SYSTEM_RETRIES: usize = 3;

/// The code of attempts whose engine went away.
const LOST: &str = "EngineGone";

/// A task's place in the cache.
#[derive(Default)]
pub(crate) struct Cached {
    /// Where its result belongs; none: it is not cached.
    key: Option<CacheKey>,
    /// Under which name it keeps equal tasks from running; none: it does not.
    owner: Option<String>,
}

/// Looks for a result that is there already; without one the node wants room for an attempt.
pub(in crate::engine) fn look_up(
    run: &mut Run,
    index: usize,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    let crate::engine::program::Target::Task(task) = run.nodes[index].kind.target.clone() else {
        return Ok(());
    };
    let inputs = &run.nodes[index].record.inputs;
    let found = if run.execution.spec.overwrite_cache {
        CacheKey::for_task(&task, inputs).map_or(CacheLookup::Disabled, CacheLookup::Miss)
    } else {
        cache::lookup(step.transaction, &task, inputs, step.now)?
    };
    match found {
        CacheLookup::Hit { outputs, source } => {
            note(run, index, CatalogCacheStatus::CacheHit, Some(source));
            return run.succeed(index, outputs, Phase::Succeeded, step);
        }
        CacheLookup::Disabled => note(run, index, CatalogCacheStatus::CacheDisabled, None),
        CacheLookup::Miss(key) => {
            note(run, index, CatalogCacheStatus::CacheMiss, None);
            if key.serialize {
                let owner = owner(run, index);
                let reservation = cache::reserve(step.transaction, &key, &owner, step.now)?;
                if reservation != Reservation::Acquired {
                    run.wait_for_cache(index);
                    return Ok(());
                }
                run.nodes[index].kind.cache.owner = Some(owner);
            }
            run.nodes[index].kind.cache.key = Some(key);
        }
    }
    run.queue(index);
    Ok(())
}

/// Starts the next attempt.
pub(super) fn start(
    run: &mut Run,
    index: usize,
    task: &Arc<TaskTemplate>,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    run.enter(index, Phase::Running, step);
    let node = &mut run.nodes[index];
    if node.kind.cache.key.is_none() {
        // A retry by an engine that did not look for the result.
        node.kind.cache.key = CacheKey::for_task(task, &node.record.inputs);
    }
    let number = u32::try_from(node.attempts.len()).unwrap_or(u32::MAX);
    let now = Some(time::to_message(step.now));
    let mut attempt = TaskExecution {
        task: task.id.clone().unwrap_or_default(),
        execution: run.execution.id.clone(),
        node_id: node.record.node_id.clone(),
        attempt: number,
        closure: TaskExecutionClosure {
            phase: TaskPhase::Running.into(),
            created_at: now,
            updated_at: now,
            started_at: now,
            task_type: task.r#type.clone(),
            ..TaskExecutionClosure::default()
        },
        inputs: node.record.inputs.clone(),
        outputs: None,
        process: None,
    };
    attempt.closure.logs = runner::logs(&attempt.folder(step.root));
    let envs = run.execution.spec.envs.iter().flat_map(|envs| &envs.values);
    let wish = Attempt {
        task: task.as_ref().clone(),
        inputs: node.record.inputs.clone(),
        folder: attempt.folder(step.root),
        blobs: step.root.join("blobs"),
        names: TemplateNames {
            execution: run.execution.id.clone(),
            node: node.record.node_id.clone(),
            attempt: number,
        },
        timeout: timeout(task),
        envs: envs.map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
    };
    step.after.start.push((attempt.id(), wish));
    node.attempts.push(attempt);
    Ok(())
}

/// Takes in how the running attempt ended.
pub(in crate::engine) fn over(
    run: &mut Run,
    index: usize,
    outcome: Outcome,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    run.leave_room();
    let is_unwanted = run.is_unwanted(index);
    match outcome {
        Outcome::Succeeded(outputs) => {
            let attempt = end_attempt(&mut run.nodes[index], TaskPhase::Succeeded, step);
            attempt.outputs = Some(outputs.clone());
            let id = attempt.id();
            release(run, index, step)?;
            if let Some(key) = run.nodes[index].kind.cache.key.take() {
                let entry = cache::put(step.transaction, &key, &outputs, &id, step.now)?;
                note(run, index, CatalogCacheStatus::CachePopulated, Some(entry));
            }
            run.succeed(index, outputs, Phase::Succeeded, step)
        }
        Outcome::Killed if !is_unwanted => {
            // The engine was stopped in good order: that is nobody's failure.
            end_attempt(&mut run.nodes[index], TaskPhase::Aborted, step);
            run.touch(index);
            run.queue(index);
            Ok(())
        }
        Outcome::Killed => {
            end_attempt(&mut run.nodes[index], TaskPhase::Aborted, step);
            release(run, index, step)?;
            run.aborted(index, step)
        }
        Outcome::TimedOut => {
            let limit = task(&run.nodes[index]).and_then(timeout).unwrap_or_default();
            let text = format!("the task took longer than its timeout of {limit:?}");
            let error = execution_error("TimeoutExpired", text, ErrorKind::User);
            failed(run, index, error, true, Phase::TimedOut, is_unwanted, step)
        }
        Outcome::Failed { error, recoverable } => {
            failed(run, index, error, recoverable, Phase::Failed, is_unwanted, step)
        }
    }
}

/// Ends a task that is no longer wanted.
pub(super) fn stop(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].running_attempt() {
        Some(_) => {
            step.after.kill.extend(run.nodes[index].attempts.last().map(TaskExecution::id));
            Ok(())
        }
        None => {
            release(run, index, step)?;
            run.aborted(index, step)
        }
    }
}

/// The last attempt's engine is gone, and so is its process by now. It may have come to its end before.
pub(super) fn lost(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    let last = run.nodes[index].attempts.last();
    if let Some(outcome) = last.and_then(|attempt| runner::recall(&attempt.folder(step.root))) {
        return over(run, index, outcome, step);
    }
    let text = "the sandbox's engine ended while the task was running";
    let error = execution_error(LOST, text, ErrorKind::System);
    over(run, index, Outcome::Failed { error, recoverable: true }, step)
}

fn failed(
    run: &mut Run,
    index: usize,
    mut error: ExecutionError,
    recoverable: bool,
    phase: Phase,
    is_unwanted: bool,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    error.timestamp.get_or_insert(time::to_message(step.now));
    let attempt = end_attempt(&mut run.nodes[index], TaskPhase::Failed, step);
    attempt.closure.output_result = Some(task_execution_closure::OutputResult::Error(error.clone()));
    run.touch(index);
    if is_unwanted {
        release(run, index, step)?;
        return run.aborted(index, step);
    }
    if recoverable && may_retry(&run.nodes[index], error.kind()) {
        run.queue(index);
        return Ok(());
    }
    release(run, index, step)?;
    run.fail(index, error, phase, step)
}

/// Whether there is another attempt after a failure of a kind.
fn may_retry(node: &Node, kind: ErrorKind) -> bool {
    let kinds = node.attempts.iter().filter_map(|attempt| match &attempt.closure.output_result {
        Some(task_execution_closure::OutputResult::Error(error)) => Some(error.kind()),
        _ => None,
    });
    let (system, user): (Vec<_>, Vec<_>) = kinds.partition(|kind| *kind == ErrorKind::System);
    if kind == ErrorKind::System {
        return system.len() <= SYSTEM_RETRIES;
    }
    let metadata = task(node).and_then(|task| task.metadata.as_ref());
    let retries = metadata.and_then(|metadata| metadata.retries).map_or(0, |retries| retries.retries);
    u32::try_from(user.len()).is_ok_and(|failures| failures <= retries)
}

fn task(node: &Node) -> Option<&TaskTemplate> {
    match &node.kind.target {
        crate::engine::program::Target::Task(task) => Some(task),
        _ => None,
    }
}

/// How long an attempt may take.
fn timeout(task: &TaskTemplate) -> Option<Duration> {
    let timeout = task.metadata.as_ref()?.timeout?;
    Duration::try_from(timeout).ok().filter(|timeout| !timeout.is_zero())
}

fn end_attempt<'a>(node: &'a mut Node, phase: TaskPhase, step: &Step<'_>) -> &'a mut TaskExecution {
    let last = node.attempts.len() - 1;
    let attempt = &mut node.attempts[last];
    let closure = &mut attempt.closure;
    closure.set_phase(phase);
    closure.updated_at = Some(time::to_message(step.now));
    closure.duration = closure.started_at.as_ref().map(|started| time::since(started, step.now));
    attempt
}

/// Lets equal tasks run.
fn release(run: &mut Run, index: usize, step: &Step<'_>) -> Result<(), ServiceError> {
    let cached = &mut run.nodes[index].kind.cache;
    if let (Some(owner), Some(key)) = (cached.owner.take(), &cached.key) {
        cache::release(step.transaction, key, &owner)?;
    }
    Ok(())
}

/// Says again that a running task keeps equal ones from running.
pub(in crate::engine) fn keep_reservation(node: &Node, step: &Step<'_>) -> Result<(), ServiceError> {
    if let (Some(owner), Some(key)) = (&node.kind.cache.owner, &node.kind.cache.key) {
        cache::reserve(step.transaction, key, owner, step.now)?;
    }
    Ok(())
}

fn owner(run: &Run, index: usize) -> String {
    let id = &run.execution.id;
    format!("{}/{}/{}/{}", id.project, id.domain, id.name, run.nodes[index].record.node_id)
}

/// Notes what the cache had to say.
fn note(run: &mut Run, index: usize, status: CatalogCacheStatus, entry: Option<CatalogMetadata>) {
    let metadata = TaskNodeMetadata { cache_status: status.into(), catalog_key: entry, ..Default::default() };
    run.nodes[index].record.closure.target_metadata = Some(TargetMetadata::TaskNodeMetadata(metadata));
    run.touch(index);
}
