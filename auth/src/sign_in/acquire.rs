//! Acquiring the next token after a rejection or for `login`. In this order: a static token, a command, the
//! store (if another process signed in), the refresh token, client credentials, the user.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use flyte_client::{
    Client, client,
    config::{Origin, Secret},
    transport::{Call, Status, Transport},
};
use jiff::Timestamp;

use super::{
    LoginMode, SignIn,
    persist::{error_chain, error_with_hint},
    refresh::NonInteractive,
    state::{Action, Snapshot, TokenOrigin},
};
use crate::{
    browser, command,
    error::AuthError,
    grant::{Grants, Http},
    lock::FileLock,
    method::{AuthMethod, StaticToken},
    prompt::PromptEvent,
    provider::Provider,
    store::StoreError,
    token::{AUTHORIZATION, Flow, Tokens},
    transport::has_header,
};

/// How long the server's OAuth metadata may take.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Most waits for another process are shorter; the user is informed of longer ones.
const SILENT_WAIT: Duration = Duration::from_secs(1);

/// What to do with a call that was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterRejection {
    /// Send it again, with the token that is in use now.
    Resend,
    /// Return the rejection: the call carried none of our tokens.
    PassOn,
}

impl SignIn {
    /// Acquires the next token for a call that was rejected, unless another call did so since `snapshot`.
    ///
    /// If the future is dropped, the next caller acquires it.
    pub(crate) async fn after_rejection(
        &self,
        snapshot: Snapshot,
        call: &Call,
        status: &Status,
    ) -> Result<AfterRejection, Arc<AuthError>> {
        self.check_own_header(call, status).await?;
        let _acquiring = self.acquiring.lock().await;
        let action = self.state().action(snapshot);
        match action {
            Action::Acquire => {
                log::debug!("`{}` rejected the token: {status}", self.persister.endpoint());
            }
            Action::GiveUp => return Err(self.token_rejected(status).into()),
            Action::PassOn => return Ok(AfterRejection::PassOn),
            Action::Resend => return Ok(AfterRejection::Resend),
            Action::Share(error) => return Err(error),
        }
        let old = self.state().tokens();
        let (tokens, origin) =
            self.acquire_next(status).await.inspect_err(|error| self.state().fail(error))?;
        if old.is_some_and(|old| old.access == tokens.access && old.header == tokens.header) {
            return Err(self.token_rejected(status).into());
        }
        self.state().put(tokens, origin);
        Ok(AfterRejection::Resend)
    }

    /// The error for a call that was rejected with a token that was acquired just now.
    pub(crate) fn token_rejected(&self, status: &Status) -> AuthError {
        let tokens = self.state().tokens();
        AuthError::TokenRejected {
            endpoint: self.endpoint_text(),
            flow: tokens.map_or(Flow::Browser, |tokens| tokens.flow),
            location: self.options.token.as_ref().map(StaticToken::location),
            status: cause(status),
        }
    }

    /// A call's own header takes precedence over ours, so a sign-in would not help.
    async fn check_own_header(&self, call: &Call, status: &Status) -> Result<(), AuthError> {
        let tokens = self.state().tokens();
        let header = match tokens {
            Some(tokens) => tokens.header.clone(),
            // The server names the header; it is asked only if the call has one.
            None if has_header(call, AUTHORIZATION) => self.header().await,
            None => return Ok(()),
        };
        if !has_header(call, &header) {
            return Ok(());
        }
        Err(AuthError::HeaderRejected { endpoint: self.endpoint_text(), header, status: cause(status) })
    }

    /// Acquires the next token. `status` is the last rejection.
    async fn acquire_next(&self, status: &Status) -> Result<(Tokens, TokenOrigin), Arc<AuthError>> {
        let method = self.method()?;
        match &method {
            AuthMethod::Static(token) => {
                let access = token.read().map_err(AuthError::from)?;
                let tokens = Tokens::from_access(Flow::StaticToken, access, self.header().await);
                return Ok((tokens, TokenOrigin::Existing));
            }
            AuthMethod::Command(_) => {
                return Ok((self.acquire(&method, LoginMode::Configured).await?, TokenOrigin::Acquired));
            }
            // No provider issues a sandbox's token.
            _ if status.sandbox_hint().is_some() => {
                let status = Box::new(status.clone());
                return Err(AuthError::SandboxTokenRequired { endpoint: self.endpoint_text(), status }.into());
            }
            _ => {}
        }
        let _lock = match self.acquire_non_interactive(&method, self.options.timeout).await? {
            NonInteractive::Acquired(tokens, origin) => return Ok((*tokens, origin)),
            NonInteractive::PromptNeeded(lock) => lock,
        };
        self.prompt_once(&method).await.map(|tokens| (tokens, TokenOrigin::Acquired))
    }

    /// Prompts the user, unless that is not possible or they declined before.
    async fn prompt_once(&self, method: &AuthMethod) -> Result<Tokens, Arc<AuthError>> {
        if !self.prompt.is_interactive() {
            let (endpoint, mode_setting) = (self.endpoint_text(), self.mode_setting());
            return Err(AuthError::NotInteractive { endpoint, mode_setting }.into());
        }
        if let Some(error) = self.state().declined() {
            return Err(error);
        }
        self.sign_in_user(method, LoginMode::Configured).await.map_err(|error| {
            // Discovery failed, so there was no prompt yet.
            let was_prompted = !matches!(error, AuthError::Provider(_));
            let error = Arc::new(error);
            if was_prompted {
                self.state().decline(&error);
            }
            error
        })
    }

    /// Where to set the mode that uses the client secret, if there is one.
    fn mode_setting(&self) -> Option<String> {
        self.connection.client_secret.value.as_ref()?;
        Some(match &self.connection.auth_mode.origin {
            // A plugin takes precedence over variables.
            origin @ (Origin::Plugin(_) | Origin::PluginDefault(_)) => origin.place_to_change("auth_mode"),
            _ => "`FLYTE_CREDENTIALS_AUTH_MODE`".to_owned(),
        })
    }

    /// Acquires a token as if there were none.
    pub(super) async fn acquire(&self, method: &AuthMethod, mode: LoginMode) -> Result<Tokens, AuthError> {
        match method {
            AuthMethod::Static(token) => Err(AuthError::StaticTokenSet { location: token.location() }),
            AuthMethod::Command(_) if mode != LoginMode::Configured => {
                Err(AuthError::NonInteractiveMethod(Flow::ExternalCommand))
            }
            AuthMethod::Command(command) => {
                let access = command::run(command, self.options.timeout).await.map_err(Arc::new)?;
                Ok(Tokens::from_access(Flow::ExternalCommand, access, self.header().await))
            }
            AuthMethod::ClientCredentials { .. } if mode != LoginMode::Configured => {
                Err(AuthError::NonInteractiveMethod(Flow::ClientCredentials))
            }
            AuthMethod::ClientCredentials { client_id, secret } => {
                let _lock = self.lock(self.options.timeout).await?;
                self.client_credentials(client_id, secret).await
            }
            AuthMethod::Browser | AuthMethod::Device => {
                let _lock = self.lock(self.options.timeout).await?;
                self.sign_in_user(method, mode).await
            }
        }
    }

    /// Acquires a token without a prompt, if possible. Waits for other processes, and their users, up to
    /// `limit`.
    pub(super) async fn acquire_non_interactive(
        &self,
        method: &AuthMethod,
        limit: Duration,
    ) -> Result<NonInteractive, AuthError> {
        let generation = self.state().generation();
        let lock = self.lock(limit).await?;
        if let Some(acquired) = self.acquired_since(generation) {
            return Ok(acquired);
        }
        let stored = match (self.load_stored(method).await, method) {
            (Ok(stored), _) => stored,
            (Err(error), AuthMethod::ClientCredentials { .. }) => {
                log::warn!("could not use the stored tokens: {}", error_with_hint(&error));
                None
            }
            (Err(error), _) => return Err(error.into()),
        };
        let current = self.state().tokens().filter(|tokens| method.may_use(tokens));
        if let Some(stored) = &stored
            && current.as_ref().is_none_or(|current| current.access != stored.access)
            && stored.is_fresh(Timestamp::now())
        {
            log::debug!("another process signed in to `{}`", self.persister.endpoint());
            return Ok(NonInteractive::Acquired(stored.clone().into(), TokenOrigin::Existing));
        }
        if let AuthMethod::ClientCredentials { client_id, secret } = method {
            let tokens = self.client_credentials(client_id, secret).await?;
            return Ok(NonInteractive::Acquired(tokens.into(), TokenOrigin::Acquired));
        }
        let old = stored.or_else(|| current.map(Arc::unwrap_or_clone));
        match old.filter(|tokens| tokens.refresh.is_some()) {
            Some(old) => self.refresh(method, old, lock, generation).await,
            None => Ok(NonInteractive::PromptNeeded(lock)),
        }
    }

    /// The stored tokens that a method may use; not those that this process replaced and could not save.
    pub(super) async fn load_stored(&self, method: &AuthMethod) -> Result<Option<Tokens>, StoreError> {
        let stored = self.persister.load().await?;
        let current = self.state().tokens().filter(|_| self.persister.is_behind());
        let is_replaced =
            |stored: &Tokens| current.is_some_and(|current| current.issued_at > stored.issued_at);
        Ok(stored.filter(|tokens| method.may_use(tokens)).filter(|tokens| !is_replaced(tokens)))
    }

    async fn client_credentials(&self, client_id: &str, secret: &Secret) -> Result<Tokens, AuthError> {
        let (provider, http) = (self.provider().await?, self.http().await?);
        let tokens = Grants::new(&provider, &http).client_credentials(client_id, secret).await?;
        self.persister.save(&tokens).await;
        Ok(tokens)
    }

    /// Prompts the user.
    async fn sign_in_user(&self, method: &AuthMethod, mode: LoginMode) -> Result<Tokens, AuthError> {
        self.persister.check().await?;
        let (provider, http) = (self.provider().await?, self.http().await?);
        let grants = Grants::new(&provider, &http);
        let (prompt, limit) = (&*self.prompt, self.options.timeout);
        let tokens = match (mode, method) {
            (LoginMode::Device, _) | (LoginMode::Configured, AuthMethod::Device) => {
                grants.device(prompt, limit).await?
            }
            (LoginMode::NoBrowser, _) => grants.code(prompt, false, limit).await?,
            (LoginMode::Configured, _) if browser::is_available() => grants.code(prompt, true, limit).await?,
            (LoginMode::Configured, _) if provider.device_authorization_endpoint.is_some() => {
                prompt.show(&PromptEvent::NoBrowser);
                grants.device(prompt, limit).await?
            }
            (LoginMode::Configured, _) => grants.code(prompt, false, limit).await?,
        };
        self.persister.save(&tokens).await;
        Ok(tokens)
    }

    /// Waits for the lock among the processes of this user; `None` where locks are not supported.
    async fn lock(&self, limit: Duration) -> Result<Option<FileLock>, AuthError> {
        let (folder, endpoint) = (&self.options.folder, self.persister.endpoint());
        let silent = SILENT_WAIT.min(limit);
        let lock = match FileLock::wait(folder, endpoint, silent, || {}).await {
            Ok(None) if limit > silent => {
                let show = || self.prompt.show(&PromptEvent::OtherProcess);
                FileLock::wait(folder, endpoint, limit.saturating_sub(silent), show).await
            }
            lock => lock,
        };
        match lock {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) => Err(AuthError::TimedOut(limit)),
            Err(error) => {
                if !self.warned_no_lock.swap(true, Ordering::Relaxed) {
                    let folder = folder.display();
                    log::warn!("could not lock `{folder}`, so two commands may sign in at once: {error}");
                }
                Ok(None)
            }
        }
    }

    pub(super) async fn http(&self) -> Result<Http, AuthError> {
        Ok(Http::new(&self.network, self.unsigned.token().await?)?)
    }

    async fn provider(&self) -> Result<Provider, AuthError> {
        let options = client::CallOptions {
            metadata: self.connection.metadata(),
            timeout: Some(DISCOVERY_TIMEOUT),
            ..client::CallOptions::default()
        };
        let unsigned: Arc<dyn Transport> = Arc::<crate::ProxyAuthorization>::clone(&self.unsigned);
        Ok(Provider::discover(&Client::new(unsigned, options), &self.connection).await?)
    }

    /// The metadata key under which the server expects tokens; the standard one if it names none, since a
    /// proxy in front of the server may check them.
    async fn header(&self) -> String {
        self.provider().await.map(|provider| provider.header).unwrap_or_else(|error| {
            log::debug!("sending the token as `{AUTHORIZATION}`: {}", error_chain(&error));
            AUTHORIZATION.to_owned()
        })
    }
}

fn cause(status: &Status) -> Option<Box<Status>> {
    (!status.message.is_empty()).then(|| status.clone().into())
}
