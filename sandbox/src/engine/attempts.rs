//! The running attempts.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::TaskExecutionIdentifier;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    runner::{self, Attempt, AttemptOutcome},
    store::{self, Store, task_execution::TaskExecution},
};

/// What a process is started for: an attempt, or a try of an element of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ProcessKey {
    pub(crate) attempt: TaskExecutionIdentifier,
    pub(crate) element: Option<ElementKey>,
}

/// A try of an element of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ElementKey {
    /// The row of the array's node.
    pub(crate) node: i64,
    pub(crate) index: u32,
    pub(crate) attempt: u32,
}

impl ProcessKey {
    pub(crate) fn for_attempt(attempt: &TaskExecution) -> Self {
        Self { attempt: attempt.id(), element: None }
    }
}

/// The running attempts of an engine.
pub(super) struct Attempts {
    store: Arc<Store>,
    /// How many may run at once.
    limit: usize,
    running: JoinSet<(ProcessKey, AttemptOutcome)>,
    kills: HashMap<ProcessKey, watch::Sender<bool>>,
}

impl Attempts {
    pub(super) fn new(store: Arc<Store>, limit: usize) -> Self {
        Self { store, limit, running: JoinSet::new(), kills: HashMap::new() }
    }

    /// How many more may be started.
    pub(super) fn free_slots(&self) -> usize {
        self.limit.saturating_sub(self.kills.len())
    }

    pub(super) fn start(&mut self, id: ProcessKey, attempt: Attempt) {
        let (kill, is_killed) = watch::channel(false);
        self.kills.insert(id.clone(), kill);
        let store = Arc::clone(&self.store);
        self.running.spawn(async move {
            let record = |process| {
                let written = store.write(|tx| match id.element {
                    None => store::task_execution::record_process(tx, &id.attempt, process),
                    Some(ElementKey { node, index, attempt }) => {
                        store::array_element::record_process(tx, node, (index, attempt), process)
                    }
                });
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
    pub(super) fn kill(&self, id: &ProcessKey) {
        if let Some(kill) = self.kills.get(id) {
            kill.send_replace(true);
        }
    }

    /// The next attempt to end; never returns if none is running.
    pub(super) async fn next(&mut self) -> (ProcessKey, AttemptOutcome) {
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
    pub(super) fn try_next(&mut self) -> Option<(ProcessKey, AttemptOutcome)> {
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
