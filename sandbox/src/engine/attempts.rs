//! The attempts that are at work.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::TaskExecutionIdentifier;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    runner::{self, Attempt, Outcome},
    store::{self, Store},
};

/// The attempts that are at work.
pub(super) struct Attempts {
    store: Arc<Store>,
    /// How many may be at work at once.
    limit: usize,
    running: JoinSet<(TaskExecutionIdentifier, Outcome)>,
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
                    // The attempt goes on: only a killed engine would have needed to know.
                    log::warn!("the process {} cannot be recorded: {error}", process.id);
                }
            };
            let outcome = runner::run(attempt, record, is_killed).await;
            (id, outcome)
        });
    }

    /// Ends an attempt; that it is over is told by [`next`](Self::next).
    pub(super) fn kill(&self, id: &TaskExecutionIdentifier) {
        if let Some(kill) = self.kills.get(id) {
            kill.send_replace(true);
        }
    }

    /// The next attempt that is over; waits for ever if there is none.
    pub(super) async fn next(&mut self) -> (TaskExecutionIdentifier, Outcome) {
        loop {
            match self.running.join_next().await {
                Some(Ok((id, outcome))) => {
                    self.kills.remove(&id);
                    return (id, outcome);
                }
                // A panic in the runner: the attempt stays as running, and the next engine ends it.
                Some(Err(error)) => log::error!("an attempt broke: {error}"),
                None => std::future::pending().await,
            }
        }
    }

    /// An attempt that is over already.
    pub(super) fn try_next(&mut self) -> Option<(TaskExecutionIdentifier, Outcome)> {
        loop {
            match self.running.try_join_next()? {
                Ok((id, outcome)) => {
                    self.kills.remove(&id);
                    return Some((id, outcome));
                }
                Err(error) => log::error!("an attempt broke: {error}"),
            }
        }
    }

    /// Ends all attempts and waits until nothing is left of them.
    pub(super) async fn end_all(&mut self) {
        for kill in self.kills.values() {
            kill.send_replace(true);
        }
        while self.running.join_next().await.is_some() {}
        self.kills.clear();
    }
}
