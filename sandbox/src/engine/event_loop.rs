//! The loop: what is new, what is over, one step, and what follows from it.

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
        TaskExecutionIdentifier, WorkflowExecutionIdentifier, execution_error::ErrorKind, task_execution,
        workflow_execution::Phase,
    },
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};
use tokio::sync::Notify;

use super::{
    EngineError,
    attempts::Attempts,
    program::Program,
    run::{Run, execution_error},
    step::{After, Step},
};
use crate::{
    cache,
    runner::{self, Outcome},
    service_error::ServiceError,
    store::{self, Store, encoded::Encoded, execution::Execution},
};

/// How long nothing has to be open before an engine ends.
const IDLE: Duration = Duration::from_secs(1);

/// How often the store is looked at for what other processes wrote: soon after something happened, and rarer then.
const SOON: Duration = Duration::from_millis(2);
const LATE: Duration = Duration::from_millis(40);

/// An engine at work. It has the lock.
pub(super) struct EventLoop {
    root: PathBuf,
    store: Arc<Store>,
    /// Open executions by their rows.
    runs: BTreeMap<i64, Run>,
    rows: HashMap<WorkflowExecutionIdentifier, i64>,
    attempts: Attempts,
    /// The store's count of what other connections wrote, when it was last read.
    version: Option<i64>,
    /// Notified when this process wrote something.
    wake: Arc<Notify>,
    /// When reservations of results were last said again.
    reserved: Instant,
}

impl EventLoop {
    pub(super) fn new(root: &Path, store: Arc<Store>, wake: Arc<Notify>) -> Result<Self, EngineError> {
        let limit = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2) * 2;
        let work = Self {
            root: root.to_owned(),
            attempts: Attempts::new(Arc::clone(&store), limit),
            store,
            runs: BTreeMap::new(),
            rows: HashMap::new(),
            version: None,
            wake,
            reserved: Instant::now(),
        };
        work.sweep()?;
        Ok(work)
    }

    /// Ends what the last engine left running.
    fn sweep(&self) -> Result<(), EngineError> {
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
        }
        Ok(())
    }

    /// Works until nothing has been open for a while.
    pub(super) async fn until_idle(mut self) -> Result<(), EngineError> {
        let mut since = Instant::now();
        let mut pause = SOON;
        loop {
            let has_done = self.turn(pause).await?;
            pause = if has_done { SOON } else { (pause * 2).min(LATE) };
            if has_done || !self.runs.is_empty() {
                since = Instant::now();
            } else if since.elapsed() >= IDLE {
                return Ok(());
            }
        }
    }

    /// Works until something else happens; attempts at work are ended then, and repeated by the next engine.
    pub(super) async fn until(mut self, end: impl Future<Output = ()>) -> Result<(), EngineError> {
        let mut end = std::pin::pin!(end);
        let mut pause = SOON;
        loop {
            let has_done = tokio::select! {
                biased;
                () = &mut end => break,
                done = self.turn(pause) => done?,
            };
            pause = if has_done { SOON } else { (pause * 2).min(LATE) };
        }
        self.attempts.end_all().await;
        Ok(())
    }

    /// Takes in what happened, or waits for it for a while. Tells whether something did.
    ///
    /// May be dropped while it waits.
    async fn turn(&mut self, pause: Duration) -> Result<bool, EngineError> {
        let mut over = Vec::new();
        let mut dirty = self.news()?;
        if dirty.is_empty() {
            tokio::select! {
                ended = self.attempts.next() => over.push(ended),
                () = self.wake.notified() => dirty = self.news()?,
                () = tokio::time::sleep(pause) => dirty = self.news()?,
            }
        }
        while let Some(ended) = self.attempts.next_now() {
            over.push(ended);
        }
        dirty.extend(self.runs.iter().filter(|(_, run)| run.waits_for_cache()).map(|(row, _)| *row));
        let now = Timestamp::now();
        dirty.extend(self.runs.iter().filter(|(_, run)| run.has_due_gate(now)).map(|(row, _)| *row));
        let is_due = !self.runs.is_empty() && self.reserved.elapsed() >= cache::HEARTBEAT;
        if over.is_empty() && dirty.is_empty() && !is_due {
            return Ok(false);
        }
        let has_news = !over.is_empty();
        self.step(over, dirty)?;
        Ok(has_news)
    }

    /// Executions that other processes began or want to end.
    fn news(&mut self) -> Result<BTreeSet<i64>, EngineError> {
        let (version, open) = self.store.read(|connection| {
            let version = connection
                .prepare_cached("PRAGMA data_version")?
                .query_row([], |row| row.get::<_, i64>(0))?;
            if self.version == Some(version) {
                return Ok((version, Vec::new()));
            }
            let mut open = Vec::new();
            for row in store::execution::open(connection)? {
                let waits = self.runs.get(&row).is_none_or(Run::waits_at_gates);
                if waits || store::execution::is_aborting(connection, row)? {
                    open.push(row);
                }
            }
            Ok::<_, rusqlite::Error>((version, open))
        })?;
        self.version = Some(version);
        Ok(open.into_iter().collect())
    }

    /// One step: a transaction, and then what it asks for.
    fn step(
        &mut self,
        over: Vec<(TaskExecutionIdentifier, Outcome)>,
        dirty: BTreeSet<i64>,
    ) -> Result<(), EngineError> {
        let store = Arc::clone(&self.store);
        let after = store.write(|transaction| {
            let mut step = Step {
                transaction,
                now: Timestamp::now(),
                root: &self.root.clone(),
                room: self.attempts.room(),
                after: After::default(),
                told: BTreeSet::new(),
            };
            self.take_in(over, dirty, &mut step)?;
            Ok::<_, ServiceError>(step.after)
        })?;
        for (id, attempt) in after.start {
            self.attempts.start(id, attempt);
        }
        for id in &after.kill {
            self.attempts.kill(id);
        }
        for row in after.over {
            if let Some(run) = self.runs.remove(&row) {
                self.rows.remove(&run.execution.id);
            }
        }
        Ok(())
    }

    fn take_in(
        &mut self,
        over: Vec<(TaskExecutionIdentifier, Outcome)>,
        dirty: BTreeSet<i64>,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let mut todo: VecDeque<i64> = dirty.into_iter().collect();
        for (id, outcome) in over {
            let node = id.node_execution_id.unwrap_or_default();
            let row = node.execution_id.as_ref().and_then(|execution| self.rows.get(execution)).copied();
            if let Some(run) = row.and_then(|row| self.runs.get_mut(&row)) {
                run.attempt_over(&node.node_id, id.retry_attempt, outcome, step)?;
                todo.extend(row);
            }
        }
        self.work_off(&mut todo, step)?;
        if self.reserved.elapsed() >= cache::HEARTBEAT {
            self.reserved = Instant::now();
            self.runs.values().try_for_each(|run| run.keep_reservations(step))?;
        }
        if step.room > 0 {
            todo.extend(self.runs.iter().filter(|(_, run)| run.wants_room()).map(|(row, _)| *row));
            self.work_off(&mut todo, step)?;
        }
        Ok(())
    }

    /// Advances executions, and those that depend on them.
    fn work_off(&mut self, todo: &mut VecDeque<i64>, step: &mut Step<'_>) -> Result<(), ServiceError> {
        while let Some(row) = todo.pop_front() {
            if !self.runs.contains_key(&row) {
                self.load(row, step)?;
            }
            if let Some(run) = self.runs.get_mut(&row) {
                run.advance(step)?;
            }
            todo.extend(step.after.launched.drain(..));
            todo.extend(step.after.aborted.drain(..));
            // Its parent looks into the store, where its end is only now.
            if step.after.over.contains(&row) && step.told.insert(row) {
                todo.extend(self.tell_parent(row, step)?);
            }
        }
        Ok(())
    }

    /// Tells the node that started an execution that it is over. Returns the node's execution.
    fn tell_parent(&mut self, row: i64, step: &mut Step<'_>) -> Result<Option<i64>, ServiceError> {
        let child = store::execution::get(step.transaction, row)?;
        let Some(node) = child.spec.metadata.and_then(|metadata| metadata.parent_node_execution) else {
            return Ok(None);
        };
        let parent = node.execution_id.as_ref().and_then(|id| self.rows.get(id)).copied();
        if let Some(run) = parent.and_then(|parent| self.runs.get_mut(&parent)) {
            run.child_over(&node.node_id, step)?;
        }
        Ok(parent)
    }

    /// Takes up an open execution.
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
            None => refuse(execution, step),
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

/// Ends an execution that cannot be run.
fn refuse(mut execution: Execution, step: &mut Step<'_>) -> Result<(), ServiceError> {
    let error =
        execution_error("NotFound", "the execution's workflow is not in the sandbox", ErrorKind::System);
    execution.closure.set_phase(Phase::Failed);
    execution.closure.updated_at = Some(store::time::to_message(step.now));
    execution.closure.output_result = Some(OutputResult::Error(error));
    store::execution::update(step.transaction, &execution, step.now)?;
    step.after.over.push(execution.row);
    Ok(())
}
