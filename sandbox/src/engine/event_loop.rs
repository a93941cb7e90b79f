//! The event loop of an engine: wait for events, make one step of them, then start and kill attempts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use flyte_client::proto::{
    admin::{WorkflowClosure, execution_closure::OutputResult},
    core::{
        WorkflowExecutionIdentifier, execution_error::ErrorKind, task_execution, workflow_execution::Phase,
    },
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};
use tokio::sync::Notify;

use super::{
    attempts::{Attempts, ProcessKey},
    error::EngineError,
    node_error::execution_error,
    program::Program,
    run::{Effects, Run, Step},
};
use crate::{
    cache,
    runner::{self, AttemptOutcome, ObjectStore, WarmParents},
    server::{ObjectServer, served_objects},
    service_error::ServiceError,
    store::{self, Store, encoded::Encoded, execution::Execution, task_execution::TaskExecution},
};

/// How long an engine without open executions waits before it ends.
const IDLE: Duration = Duration::from_secs(1);

/// How often the store is polled for writes of other processes: [`SOON`] after an event, then rarer, up to
/// [`LATE`].
const SOON: Duration = Duration::from_millis(2);
const LATE: Duration = Duration::from_millis(40);

/// A running engine, which holds the lease.
pub(super) struct EventLoop {
    root: PathBuf,
    store: Arc<Store>,
    /// Open executions by their rows.
    runs: BTreeMap<i64, Run>,
    rows: HashMap<WorkflowExecutionIdentifier, i64>,
    attempts: Attempts,
    /// SQLite's `data_version` at the last read: it changes with writes of other connections.
    version: Option<i64>,
    /// Notified when this process writes to the store.
    wake: Arc<Notify>,
    /// When reservations of results were last renewed.
    renewed: Instant,
    /// Serves objects to tasks where no server does.
    objects: Option<ObjectServer>,
    /// Python processes that fork for attempts.
    warm: Arc<WarmParents>,
}

impl EventLoop {
    pub(super) fn new(root: &Path, store: Arc<Store>, wake: Arc<Notify>) -> Result<Self, EngineError> {
        let limit = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2) * 2;
        let event_loop = Self {
            root: root.to_owned(),
            attempts: Attempts::new(Arc::clone(&store), limit),
            store,
            runs: BTreeMap::new(),
            rows: HashMap::new(),
            version: None,
            wake,
            renewed: Instant::now(),
            objects: None,
            warm: Arc::default(),
        };
        event_loop.kill_orphans()?;
        Ok(event_loop)
    }

    /// Kills what the last engine left running.
    fn kill_orphans(&self) -> Result<(), EngineError> {
        let left = self.store.read(|connection| {
            let mut left = Vec::new();
            for row in store::execution::open(connection)? {
                let execution = store::execution::get(connection, row)?;
                left.extend(store::task_execution::list_for_execution(connection, &execution.id)?);
            }
            Ok::<_, rusqlite::Error>(left)
        })?;
        let running = left.into_iter().filter(|it| it.closure.phase() == task_execution::Phase::Running);
        for attempt in running {
            if let Some(process) = attempt.process {
                runner::sweep(process, &attempt.folder(&self.root));
            }
            runner::discard_private(&attempt.folder(&self.root));
            self.kill_orphaned_elements(&attempt)?;
        }
        Ok(())
    }

    fn kill_orphaned_elements(&self, attempt: &TaskExecution) -> Result<(), EngineError> {
        let tries = self.store.read(|connection| {
            let node = store::node_execution::find(connection, &attempt.execution, &attempt.node_id)?;
            node.map_or(Ok(Vec::new()), |node| store::array_element::list_for_node(connection, node.row))
        })?;
        for one in tries.iter().filter(|one| one.phase == task_execution::Phase::Running) {
            if let Some(process) = one.process {
                let folder = runner::element_folder(&attempt.folder(&self.root), one.element, one.attempt);
                runner::sweep(process, &folder);
                runner::discard_private(&folder);
            }
        }
        Ok(())
    }

    /// Runs until nothing has been open for [`IDLE`].
    pub(super) async fn run_until_idle(mut self) -> Result<(), EngineError> {
        let mut since = Instant::now();
        let mut pause = SOON;
        loop {
            let progressed = self.poll(pause).await?;
            pause = if progressed { SOON } else { (pause * 2).min(LATE) };
            if progressed || !self.runs.is_empty() {
                since = Instant::now();
            } else if since.elapsed() >= IDLE {
                return Ok(());
            }
        }
    }

    /// Runs until `end` is done, then kills the running attempts; the next engine repeats them.
    pub(super) async fn run_until(mut self, end: impl Future<Output = ()>) -> Result<(), EngineError> {
        let mut end = std::pin::pin!(end);
        let mut pause = SOON;
        loop {
            let progressed = tokio::select! {
                biased;
                () = &mut end => break,
                done = self.poll(pause) => done?,
            };
            pause = if progressed { SOON } else { (pause * 2).min(LATE) };
        }
        self.attempts.end_all().await;
        Ok(())
    }

    /// Waits for events for at most `pause`, and makes a step of them. Returns whether attempts ended.
    ///
    /// Cancel-safe while it waits.
    async fn poll(&mut self, pause: Duration) -> Result<bool, EngineError> {
        let mut ended = Vec::new();
        let mut dirty = self.changed_executions()?;
        if dirty.is_empty() {
            tokio::select! {
                event = self.attempts.next() => ended.push(event),
                () = self.wake.notified() => dirty = self.changed_executions()?,
                () = tokio::time::sleep(pause) => dirty = self.changed_executions()?,
            }
        }
        while let Some(event) = self.attempts.try_next() {
            ended.push(event);
        }
        dirty.extend(self.runs.iter().filter(|(_, run)| run.awaits_cache()).map(|(row, _)| *row));
        let now = Timestamp::now();
        dirty.extend(self.runs.iter().filter(|(_, run)| run.has_due_gate(now)).map(|(row, _)| *row));
        let is_due = !self.runs.is_empty() && self.renewed.elapsed() >= cache::HEARTBEAT;
        if ended.is_empty() && dirty.is_empty() && !is_due {
            return Ok(false);
        }
        let progressed = !ended.is_empty();
        self.step(ended, dirty)?;
        Ok(progressed)
    }

    /// The rows of executions that other processes launched or want to abort.
    fn changed_executions(&mut self) -> Result<BTreeSet<i64>, EngineError> {
        let (version, open) = self.store.read(|connection| {
            let version = connection
                .prepare_cached("PRAGMA data_version")?
                .query_row([], |row| row.get::<_, i64>(0))?;
            if self.version == Some(version) {
                return Ok((version, Vec::new()));
            }
            let mut open = Vec::new();
            for row in store::execution::open(connection)? {
                let waits = self.runs.get(&row).is_none_or(Run::is_at_gate);
                if waits || store::execution::is_aborting(connection, row)? {
                    open.push(row);
                }
            }
            Ok::<_, rusqlite::Error>((version, open))
        })?;
        self.version = Some(version);
        Ok(open.into_iter().collect())
    }

    /// Makes one step: a transaction, then its effects.
    fn step(
        &mut self,
        ended: Vec<(ProcessKey, AttemptOutcome)>,
        dirty: BTreeSet<i64>,
    ) -> Result<(), EngineError> {
        let store = Arc::clone(&self.store);
        let effects = store.write(|transaction| {
            let mut step = Step {
                transaction,
                now: Timestamp::now(),
                root: &self.root.clone(),
                free_slots: self.attempts.free_slots(),
                effects: Effects::default(),
                reported: BTreeSet::new(),
            };
            self.apply_events(ended, dirty, &mut step)?;
            Ok::<_, ServiceError>(step.effects)
        })?;
        for (id, mut attempt) in effects.start {
            attempt.objects = self.object_store();
            attempt.warm = Some(Arc::clone(&self.warm));
            self.attempts.start(id, attempt);
        }
        for id in &effects.kill {
            self.attempts.kill(id);
        }
        for row in effects.ended {
            if let Some(run) = self.runs.remove(&row) {
                self.rows.remove(&run.execution.id);
            }
        }
        Ok(())
    }

    /// The object store for tasks: that of the sandbox's server, else this engine's own.
    fn object_store(&mut self) -> Option<ObjectStore> {
        if let Some(store) = served_objects(&self.root) {
            return Some(store);
        }
        if self.objects.is_none() {
            match ObjectServer::start(&self.root) {
                Ok(server) => self.objects = Some(server),
                // Only tasks that use it fail.
                Err(error) => log::warn!("could not serve objects to tasks: {error}"),
            }
        }
        self.objects.as_ref().map(ObjectServer::store)
    }

    fn apply_events(
        &mut self,
        ended: Vec<(ProcessKey, AttemptOutcome)>,
        dirty: BTreeSet<i64>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let mut todo: VecDeque<i64> = dirty.into_iter().collect();
        for (key, outcome) in ended {
            let execution =
                key.attempt.node_execution_id.as_ref().and_then(|node| node.execution_id.as_ref());
            let row = execution.and_then(|execution| self.rows.get(execution)).copied();
            if let Some(run) = row.and_then(|row| self.runs.get_mut(&row)) {
                run.attempt_ended(&key, outcome, step)?;
                todo.extend(row);
            }
        }
        self.advance_all(&mut todo, step)?;
        if self.renewed.elapsed() >= cache::HEARTBEAT {
            self.renewed = Instant::now();
            self.runs.values().try_for_each(|run| run.renew_reservations(step))?;
        }
        if step.free_slots > 0 {
            todo.extend(self.runs.iter().filter(|(_, run)| run.wants_slots()).map(|(row, _)| *row));
            self.advance_all(&mut todo, step)?;
        }
        Ok(())
    }

    /// Advances executions, and those that depend on them.
    fn advance_all(&mut self, todo: &mut VecDeque<i64>, step: &mut Step<'_>) -> Result<(), ServiceError> {
        while let Some(row) = todo.pop_front() {
            if !self.runs.contains_key(&row) {
                self.load(row, step)?;
            }
            if let Some(run) = self.runs.get_mut(&row) {
                run.advance(step)?;
            }
            todo.extend(step.effects.launched.drain(..));
            todo.extend(step.effects.aborting.drain(..));
            // Its parent reads the store, where its end is only now.
            if step.effects.ended.contains(&row) && step.reported.insert(row) {
                todo.extend(self.notify_parent(row, step)?);
            }
        }
        Ok(())
    }

    /// Reports the end of an execution to the node that started it. Returns the row of the node's execution.
    fn notify_parent(&mut self, row: i64, step: &mut Step<'_>) -> Result<Option<i64>, ServiceError> {
        let child = store::execution::get(step.transaction, row)?;
        let Some(node) = child.spec.metadata.and_then(|metadata| metadata.parent_node_execution) else {
            return Ok(None);
        };
        let parent = node.execution_id.as_ref().and_then(|id| self.rows.get(id)).copied();
        if let Some(run) = parent.and_then(|parent| self.runs.get_mut(&parent)) {
            run.child_ended(&node.node_id, step)?;
        }
        Ok(parent)
    }

    /// Loads an open execution.
    fn load(&mut self, row: i64, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let execution = store::execution::get(step.transaction, row)?;
        if store::execution::is_over(execution.phase()) {
            return Ok(());
        }
        match program(step.transaction, &execution)? {
            Some(program) => {
                let run = Run::load(execution, program, step)?;
                self.rows.insert(run.execution.id.clone(), row);
                self.runs.insert(row, run);
                Ok(())
            }
            None => fail_without_workflow(execution, step),
        }
    }
}

/// The workflow of an execution.
fn program(transaction: &Transaction<'_>, execution: &Execution) -> Result<Option<Program>, rusqlite::Error> {
    let closure = transaction
        .prepare_cached("SELECT closure FROM workflows WHERE id = ?1")?
        .query_row([execution.links.workflow], |row| Ok(row.get::<_, Encoded<WorkflowClosure>>(0)?.0))
        .optional()?;
    Ok(closure.and_then(|closure| closure.compiled_workflow).map(Program::new))
}

/// Fails an execution whose workflow is missing.
fn fail_without_workflow(mut execution: Execution, step: &mut Step<'_>) -> Result<(), ServiceError> {
    let error =
        execution_error("NotFound", "the execution's workflow is not in the sandbox", ErrorKind::System);
    execution.closure.set_phase(Phase::Failed);
    execution.closure.updated_at = Some(store::time::to_message(step.now));
    execution.closure.output_result = Some(OutputResult::Error(error));
    store::execution::update(step.transaction, &execution, step.now)?;
    step.effects.ended.push(execution.row);
    Ok(())
}
