//! The running attempts.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::TaskExecutionIdentifier;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    runner::{self, Attempt, AttemptOutcome},
    store::{self, Store},
};

/// The running attempts of an engine.
pub(super) struct Attempts {
    store: Arc<Store>,
    /// How many may run at once.
    limit: usize,
    running: JoinSet<(TaskExecutionIdentifier, AttemptOutcome)>,
    kills: HashMap<TaskExecutionIdentifier, watch::Sender<bool>>,
}

impl Attempts {
    pub(super) fn new(store: Arc<Store>, limit: usize) -> Self {
        Self { store, limit, running: JoinSet::new(), kills: HashMap::new() }
    }

    /// How many more may be started.
    pub(super) fn free_slots(&self) -> usize {
        self.limit.saturating_sub(self.kills.len())
    }

    pub(super) fn start(&mut self, id: TaskExecutionIdentifier, attempt: Attempt) {
        let (kill, is_killed) = watch::channel(false);
        self.kills.insert(id.clone(), kill);
        let store = Arc::clone(&self.store);
        self.running.spawn(async move {
            let record = |process| {
                let written = store.write(|tx| store::task_execution::record_process(tx, &id, process));
                if let Err(error) = written {
                    // The attempt continues: only the next engine needs the record, to kill leftovers.
                    log::warn!("could not record the process {}: {error}", process.id);
                }
            };
            let outcome = runner::run(attempt, record, is_killed).await;
            (id, outcome)
        });
    }

    /// Kills an attempt; [`next`](Self::next) returns its end.
    pub(super) fn kill(&self, id: &TaskExecutionIdentifier) {
        if let Some(kill) = self.kills.get(id) {
            kill.send_replace(true);
        }
    }

    /// The next attempt to end; never returns if none is running.
    pub(super) async fn next(&mut self) -> (TaskExecutionIdentifier, AttemptOutcome) {
        loop {
            match self.running.join_next().await {
                Some(Ok((id, outcome))) => {
                    self.kills.remove(&id);
                    return (id, outcome);
                }
                // The attempt stays recorded as running, and the next engine ends it.
                Some(Err(error)) => log::error!("the runner panicked: {error}"),
                None => std::future::pending().await,
            }
        }
    }

    /// An attempt that has ended already.
    pub(super) fn try_next(&mut self) -> Option<(TaskExecutionIdentifier, AttemptOutcome)> {
        loop {
            match self.running.try_join_next()? {
                Ok((id, outcome)) => {
                    self.kills.remove(&id);
                    return Some((id, outcome));
                }
                Err(error) => log::error!("the runner panicked: {error}"),
            }
        }
    }

    /// Kills all attempts, and waits for their end.
    pub(super) async fn end_all(&mut self) {
        for kill in self.kills.values() {
            kill.send_replace(true);
        }
        while self.running.join_next().await.is_some() {}
        self.kills.clear();
    }
}
