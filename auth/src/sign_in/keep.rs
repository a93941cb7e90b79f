//! The store and the turns, for callers that must not block.

use std::{
    error, future, iter,
    panic::resume_unwind,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::SignIn;
use crate::{
    Error, Method, Notice, Tokens,
    lock::Turn,
    store::{Store, StoreError},
};

/// How long another process is waited for before anybody is told: most of them are quick.
const UNTOLD: Duration = Duration::from_secs(1);

/// Keeps the tokens of one endpoint, for whoever outlives the call that wanted them.
#[derive(Clone)]
pub(super) struct Keeper {
    store: Arc<dyn Store>,
    key: String,
}

impl Keeper {
    /// Keeps tokens, even if nobody waits for it. If it goes wrong, they are for this process only, and people are told.
    pub(super) async fn keep(&self, tokens: &Tokens) {
        let (Self { store, key }, tokens) = (self.clone(), tokens.clone());
        let saved = spawn_blocking(move || store.save(&key, &tokens));
        if let Err(error) = finish(saved).await {
            log::warn!("the sign-in cannot be kept, and holds for this command only: {}", words(&error));
        }
    }
}

impl SignIn {
    pub(super) fn keeper(&self) -> Keeper {
        Keeper { store: Arc::clone(&self.store), key: self.key.clone() }
    }

    /// The tokens of the store that a way to sign in may use.
    pub(super) async fn kept(&self, method: &Method) -> Result<Option<Tokens>, StoreError> {
        let Keeper { store, key } = self.keeper();
        let kept = finish(spawn_blocking(move || store.load(&key))).await?;
        Ok(kept.filter(|tokens| method.may_use(tokens)))
    }

    /// Whether tokens can be kept, before a person is asked for them.
    pub(super) async fn check_store(&self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        finish(spawn_blocking(move || store.check())).await
    }

    /// Waits for the turn among the processes of this user; `None` where they cannot take turns.
    pub(super) async fn turn(&self, limit: Duration) -> Result<Option<Turn>, Error> {
        let folder = &self.options.folder;
        let untold = UNTOLD.min(limit);
        let turn = match Turn::wait(folder, &self.key, untold, || {}).await {
            Ok(None) if limit > untold => {
                let tell = || self.person.tell(&Notice::OtherProcess);
                Turn::wait(folder, &self.key, limit.saturating_sub(untold), tell).await
            }
            turn => turn,
        };
        match turn {
            Ok(Some(turn)) => Ok(Some(turn)),
            Ok(None) => Err(Error::TooLate(limit)),
            Err(error) => {
                if !self.warned_of_turns.swap(true, Ordering::Relaxed) {
                    let folder = folder.display();
                    log::warn!("two commands may sign in at once, since `{folder}` cannot be used: {error}");
                }
                Ok(None)
            }
        }
    }
}

/// An error and its causes, on one line.
pub(super) fn words(error: &dyn error::Error) -> String {
    let causes = iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What a task gives.
pub(super) async fn finish<T>(task: JoinHandle<T>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime ends, and whoever waits ends with it.
        Err(Err(_)) => future::pending().await,
    }
}
