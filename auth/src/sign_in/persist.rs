//! Access to the store and the lock file from asynchronous code: blocking work runs on threads for it.

use std::{
    error, future, iter,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::state::StoreState;
use crate::{
    store::{Store, StoreError},
    token::Tokens,
};

/// Loads and saves the tokens of one endpoint. A clone shares its state, and completes what it began even
/// if the call that wanted it is dropped.
#[derive(Clone)]
pub(super) struct TokenPersister {
    store: Arc<dyn Store>,
    endpoint: String,
    state: Arc<Mutex<StoreState>>,
}

impl TokenPersister {
    /// `endpoint` is `host:port`.
    pub(super) fn new(store: Arc<dyn Store>, endpoint: String) -> Self {
        Self { store, endpoint, state: Arc::default() }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the tokens are, or would be, stored; for messages.
    pub(super) fn location(&self) -> String {
        self.store.location(&self.endpoint)
    }

    /// Loads the tokens. Blocks.
    fn load_blocking(&self) -> Result<Option<Tokens>, StoreError> {
        let loaded = self.store.load(&self.endpoint)?;
        if loaded.is_some() {
            let mut state = self.state();
            *state = state.loaded();
        }
        Ok(loaded)
    }

    pub(super) async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        let persister = self.clone();
        finish(spawn_blocking(move || persister.load_blocking())).await
    }

    /// Whether the token in use is newer than what the store may hold.
    pub(super) fn is_behind(&self) -> bool {
        self.state().is_behind()
    }

    /// Saves tokens. If that fails, they are for this process only, and a warning says so.
    pub(super) async fn save(&self, tokens: &Tokens) {
        let (persister, tokens) = (self.clone(), tokens.clone());
        finish(spawn_blocking(move || persister.save_blocking(&tokens))).await;
    }

    /// Saves refreshed tokens, unless another process signed out meanwhile: that is not undone. This
    /// process continues to use them.
    pub(super) async fn save_refreshed(&self, tokens: &Tokens) {
        let (persister, tokens) = (self.clone(), tokens.clone());
        let saved = spawn_blocking(move || {
            if persister.state().had_token() && !persister.store.has(&persister.endpoint) {
                log::info!(
                    "another process signed out of `{}`; tokens are no longer stored",
                    persister.endpoint
                );
                *persister.state() = StoreState::Outdated;
                return;
            }
            persister.save_blocking(&tokens);
        });
        finish(saved).await;
    }

    /// Removes an invalid refresh token from the store, unless it was replaced meanwhile.
    pub(super) async fn drop_refresh(&self, invalid: &Tokens) {
        let (persister, invalid) = (self.clone(), invalid.clone());
        let dropped = spawn_blocking(move || match persister.store.load(&persister.endpoint) {
            Ok(Some(stored)) if stored.refresh == invalid.refresh => {
                persister.save_blocking(&Tokens { refresh: None, ..stored });
            }
            Ok(_) => {}
            Err(error) => log::debug!("could not remove the refresh token: {}", error_chain(&error)),
        });
        finish(dropped).await;
    }

    /// Whether tokens can be stored; checked before the user is prompted.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        finish(spawn_blocking(move || store.check())).await
    }

    /// Removes the tokens; returns whether there were any. Blocks.
    pub(super) fn remove_blocking(&self) -> Result<bool, StoreError> {
        self.store.remove(&self.endpoint)
    }

    fn save_blocking(&self, tokens: &Tokens) {
        let saved = self.store.save(&self.endpoint, tokens);
        *self.state() = match &saved {
            Ok(()) if self.store.has(&self.endpoint) => StoreState::Current,
            Ok(()) => StoreState::Empty,
            Err(_) => StoreState::Unsaved,
        };
        if let Err(error) = saved {
            let error = error_with_hint(&error);
            log::warn!("could not save the tokens; they are valid for this command only: {error}");
        }
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error and its causes, on one line.
pub(super) fn error_chain(error: &dyn error::Error) -> String {
    let causes = iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error, its causes and its hint, on one line.
pub(super) fn error_with_hint(error: &StoreError) -> String {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    error_chain(error) + &hint.unwrap_or_default()
}

/// The result of a task; a panic is passed on.
pub(super) async fn finish<T>(task: JoinHandle<T>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is shutting down, and so are those who wait.
        Err(Err(_)) => future::pending().await,
    }
}
