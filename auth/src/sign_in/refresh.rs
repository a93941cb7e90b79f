//! Which token a call carries: loading it, and renewing it before it expires.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    SignIn, lock_state,
    persist::{error_chain, finish},
    state::{CallToken, TokenOrigin},
};
use crate::{
    error::AuthError,
    grant::{self, GrantError},
    lock::FileLock,
    method::AuthMethod,
    token::{AUTHORIZATION, Flow, Tokens},
};

/// How long a call waits for a renewal before expiry; the server may still accept the old token.
const EARLY_TIMEOUT: Duration = Duration::from_secs(10);

/// The result of acquiring a token without a prompt.
pub(super) enum NonInteractive {
    Acquired(Box<Tokens>, TokenOrigin),
    /// Only the user can sign in now. The lock is still held.
    PromptNeeded(Option<FileLock>),
}

impl SignIn {
    /// The token for a call. One that is about to expire is renewed first, if that needs no prompt.
    pub(crate) async fn for_call(&self) -> CallToken {
        self.load().await;
        let call_token = self.state().call_token();
        if !self.needs_renewal(&call_token) {
            return call_token;
        }
        self.renew_early(&call_token).await;
        self.state().call_token()
    }

    /// Takes the existing token into use. Only the first call reads anything.
    pub(super) async fn load(&self) {
        self.loaded.get_or_init(|| self.load_existing()).await;
    }

    async fn load_existing(&self) {
        match self.existing().await {
            Ok(None) => {}
            Ok(Some(tokens)) => drop(self.state().put(tokens, TokenOrigin::Existing)),
            // If the server requires a token, this is read again, and the error is reported.
            Err(error) => log::debug!("no token yet: {}", error_chain(&error)),
        }
    }

    async fn existing(&self) -> Result<Option<Tokens>, AuthError> {
        match self.method()? {
            AuthMethod::Static(token) => {
                let header = AUTHORIZATION.to_owned();
                Ok(Some(Tokens::from_access(Flow::StaticToken, token.read()?, header)))
            }
            AuthMethod::Command(_) => Ok(None),
            method => Ok(self.load_stored(&method).await?),
        }
    }

    fn needs_renewal(&self, call_token: &CallToken) -> bool {
        let Some(tokens) = &call_token.tokens else { return false };
        let is_possible = tokens.refresh.is_some() || tokens.flow == Flow::ClientCredentials;
        is_possible && !tokens.is_fresh(Timestamp::now()) && !self.state().is_backing_off()
    }

    /// Renews the token of a call before it expires. If that fails, the old one stays in use.
    async fn renew_early(&self, old: &CallToken) {
        // An interactive sign-in may hold the lock for minutes.
        let Ok(_acquiring) = timeout(EARLY_TIMEOUT, self.acquiring.lock()).await else { return };
        let now = self.state().call_token();
        if now.generation != old.generation || !self.needs_renewal(&now) {
            return;
        }
        let renewed = match self.method() {
            Ok(method) => self.acquire_non_interactive(&method, EARLY_TIMEOUT).await,
            Err(error) => Err(error),
        };
        match renewed {
            Ok(NonInteractive::Acquired(tokens, origin)) => drop(self.state().put(*tokens, origin)),
            Ok(NonInteractive::PromptNeeded(_)) => drop(self.state().back_off()),
            Err(error) => {
                let is_first = self.state().back_off() && !matches!(error, AuthError::TimedOut(_));
                let level = if is_first { log::Level::Warn } else { log::Level::Debug };
                let why = error_chain(&error);
                log::log!(level, "could not renew the token; using it until the server rejects it: {why}");
            }
        }
    }

    /// The tokens of a call that was dropped, if they arrived since `generation`.
    pub(super) fn acquired_since(&self, generation: u64) -> Option<NonInteractive> {
        let now = self.state().call_token();
        let tokens = now.tokens.filter(|_| now.generation != generation)?;
        Some(NonInteractive::Acquired(Arc::unwrap_or_clone(tokens).into(), TokenOrigin::Acquired))
    }

    /// Exchanges a refresh token. Once sent it may be spent, so the exchange completes, and its result is
    /// used and stored, even if the call that wanted it is dropped.
    pub(super) async fn refresh(
        &self,
        method: &AuthMethod,
        old: Tokens,
        lock: Option<FileLock>,
        generation: u64,
    ) -> Result<NonInteractive, AuthError> {
        let (http, persister, sent) = (self.http().await?, self.persister.clone(), old.refresh.clone());
        let refreshing = Arc::clone(&self.refreshing).lock_owned().await;
        if let Some(acquired) = self.acquired_since(generation) {
            return Ok(acquired);
        }
        let state = Arc::clone(&self.state);
        let exchange = async move {
            let refreshed = grant::refresh(&http, &old).await;
            match &refreshed {
                Ok(Some(tokens)) => {
                    lock_state(&state).put_refreshed(generation, tokens);
                    persister.save_refreshed(tokens).await;
                }
                Err(error) if error.is_invalid_grant() => persister.drop_refresh(&old).await,
                _ => {}
            }
            drop(refreshing);
            (refreshed, lock)
        };
        let (refreshed, lock) = finish(tokio::spawn(exchange)).await;
        match refreshed {
            Ok(Some(tokens)) => Ok(NonInteractive::Acquired(tokens.into(), TokenOrigin::Acquired)),
            Ok(None) => Ok(NonInteractive::PromptNeeded(lock)),
            Err(error @ GrantError::Refused { .. }) => {
                log::info!("could not renew the token for `{}`: {error}", self.persister.endpoint());
                if error.is_invalid_grant() {
                    self.state().drop_refresh();
                }
                // Without a lock file, another process may have spent the refresh token first.
                match self.load_stored(method).await? {
                    Some(stored) if stored.refresh.is_some() && stored.refresh != sent => {
                        Ok(NonInteractive::Acquired(stored.into(), TokenOrigin::Existing))
                    }
                    _ => Ok(NonInteractive::PromptNeeded(lock)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}
