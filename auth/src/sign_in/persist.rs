//! The store and the turns, for callers that must not block.

use std::{
    error, future, iter,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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

/// What became of the tokens that this process uses.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// The store had them when it was last asked.
    is_kept: AtomicBool,
    /// They could not be kept: what the store has is older.
    is_lost: AtomicBool,
}

/// Keeps the tokens of one endpoint, for whoever outlives the call that wanted them.
#[derive(Clone)]
pub(super) struct Keeper {
    store: Arc<dyn Store>,
    key: String,
    fate: Arc<Fate>,
}

impl Keeper {
    /// Keeps tokens, even if nobody waits for it. If it goes wrong, they are for this process only, and people are told.
    pub(super) async fn keep(&self, tokens: &Tokens) {
        let (keeper, tokens) = (self.clone(), tokens.clone());
        finish(spawn_blocking(move || keeper.save(&tokens))).await;
    }

    /// Keeps tokens that were got for those of the store, unless somebody signed out since: that is not undone. This
    /// process goes on with them.
    pub(super) async fn keep_renewed(&self, tokens: &Tokens) {
        let (keeper, tokens) = (self.clone(), tokens.clone());
        let saved = spawn_blocking(move || {
            if keeper.fate.is_kept.load(Ordering::Relaxed) && !keeper.store.has(&keeper.key) {
                log::info!(
                    "somebody signed out of `{}`; this command goes on, and keeps nothing",
                    keeper.key
                );
                keeper.fate.is_lost.store(true, Ordering::Relaxed);
                return;
            }
            keeper.save(&tokens);
        });
        finish(saved).await;
    }

    /// Drops a refresh token that is worth nothing from the store; another one that came there since stays.
    pub(super) async fn drop_refresh(&self, void: &Tokens) {
        let (keeper, void) = (self.clone(), void.clone());
        let dropped = spawn_blocking(move || match keeper.store.load(&keeper.key) {
            Ok(Some(kept)) if kept.refresh == void.refresh => keeper.save(&Tokens { refresh: None, ..kept }),
            Ok(_) => {}
            Err(error) => log::debug!("the refresh token cannot be dropped: {}", words(&error)),
        });
        finish(dropped).await;
    }

    fn save(&self, tokens: &Tokens) {
        let saved = self.store.save(&self.key, tokens);
        self.fate.is_lost.store(saved.is_err(), Ordering::Relaxed);
        self.fate.is_kept.store(saved.is_ok() && self.store.has(&self.key), Ordering::Relaxed);
        if let Err(error) = saved {
            log::warn!("the sign-in cannot be kept, and holds for this command only: {}", advice(&error));
        }
    }

    fn load(&self) -> Result<Option<Tokens>, StoreError> {
        let loaded = self.store.load(&self.key)?;
        if loaded.is_some() {
            self.fate.is_kept.store(true, Ordering::Relaxed);
        }
        Ok(loaded)
    }
}

impl SignIn {
    pub(super) fn keeper(&self) -> Keeper {
        let fate = Arc::clone(&self.fate);
        Keeper { store: Arc::clone(&self.store), key: self.key.clone(), fate }
    }

    /// The tokens of the store that a way to sign in may use; not those that this process replaced and could not keep.
    pub(super) async fn kept(&self, method: &Method) -> Result<Option<Tokens>, StoreError> {
        let keeper = self.keeper();
        let kept = finish(spawn_blocking(move || keeper.load())).await?;
        let used = self.current().tokens().filter(|_| self.fate.is_lost.load(Ordering::Relaxed));
        let is_replaced = |kept: &Tokens| used.is_some_and(|used| used.issued_at > kept.issued_at);
        Ok(kept.filter(|tokens| method.may_use(tokens)).filter(|tokens| !is_replaced(tokens)))
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

/// Why the store does not do, and what to do about it, on one line.
pub(super) fn advice(error: &StoreError) -> String {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    words(error) + &hint.unwrap_or_default()
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
