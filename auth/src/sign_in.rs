//! The policy: which token a call carries, and how the next one is acquired.
//!
//! | file | what it does |
//! |---|---|
//! | `state` | the state machine: the token in use, and what the server thinks of it; start reading there |
//! | `refresh` | the token of a call: loaded, and renewed before it expires |
//! | `acquire` | the next token, after a rejection or for `login` |
//! | `persist` | the store, for asynchronous callers |
//!
//! One token is acquired at a time: the calls of this process wait for `SignIn::acquiring`, other processes
//! of this user for a [`FileLock`](crate::lock::FileLock).

mod acquire;
mod persist;
mod refresh;
mod state;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flyte_client::{config::Connection, net::Network};
use tokio::sync::{self, OnceCell};

pub(crate) use self::{
    acquire::AfterRejection,
    state::{CallToken, Snapshot},
};
use self::{
    persist::TokenPersister,
    state::{SignInState, TokenOrigin},
};
use crate::{
    error::AuthError,
    method::{AuthMethod, StaticToken},
    prompt::Prompt,
    store::{self, StoreError, StoreKind},
    token::Tokens,
    transport::ProxyAuthorization,
};

/// How the user wants to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginMode {
    /// As configured. Interactive methods open the browser, or fall back to the device flow where there is
    /// none.
    #[default]
    Configured,
    /// With the browser, but without opening one: the user copies the address.
    NoBrowser,
    /// With the device flow.
    Device,
}

/// The options of a sign-in, in addition to those of the connection.
#[derive(Clone, Debug)]
pub struct SignInOptions {
    /// A token to use instead of signing in.
    pub token: Option<StaticToken>,
    /// Where tokens are stored.
    pub store: StoreKind,
    /// The folder of tokens and locks, in the user's state directory; created when it is needed.
    pub folder: PathBuf,
    /// How long to wait for the user, a command or another process.
    pub timeout: Duration,
}

/// The sign-in at one endpoint: shared by all calls of this process.
pub struct SignIn {
    connection: Connection,
    options: SignInOptions,
    network: Network,
    unsigned: Arc<ProxyAuthorization>,
    prompt: Arc<dyn Prompt>,
    persister: TokenPersister,
    state: Arc<Mutex<SignInState>>,
    loaded: OnceCell<()>,
    /// Held while a token is acquired; other calls wait, and use the result.
    acquiring: sync::Mutex<()>,
    /// Held while a refresh token is exchanged, even if the call that wanted it was dropped.
    refreshing: Arc<sync::Mutex<()>>,
    warned_plain_text: AtomicBool,
    warned_no_lock: AtomicBool,
}

impl SignIn {
    /// Does nothing before the first call.
    ///
    /// `network` leads to the provider; `unsigned` carries calls to the same server without a token, and is
    /// the transport inside the [`BearerAuth`](crate::BearerAuth).
    #[must_use]
    pub fn new(
        connection: Connection,
        options: SignInOptions,
        network: Network,
        unsigned: Arc<ProxyAuthorization>,
        prompt: Arc<dyn Prompt>,
    ) -> Self {
        let endpoint = connection.endpoint.value.authority(connection.insecure.value);
        let store = store::open(options.store, options.folder.clone()).into();
        Self {
            connection,
            options,
            network,
            unsigned,
            prompt,
            persister: TokenPersister::new(store, endpoint),
            state: Arc::default(),
            loaded: OnceCell::new(),
            acquiring: sync::Mutex::default(),
            refreshing: Arc::default(),
            warned_plain_text: AtomicBool::new(false),
            warned_no_lock: AtomicBool::new(false),
        }
    }

    /// Signs in at the user's request, even if there are tokens. `mode` is for interactive methods.
    ///
    /// Dropping the future aborts the sign-in: the port is released, and the next sign-in can begin.
    ///
    /// # Errors
    ///
    /// As [`AuthError`]; also if a static token is set, which takes precedence.
    pub async fn sign_in(&self, mode: LoginMode) -> Result<Arc<Tokens>, AuthError> {
        self.load().await;
        let _acquiring = self.acquiring.lock().await;
        let method = self.method()?;
        let tokens = self.acquire(&method, mode).await?;
        Ok(self.state().put(tokens, TokenOrigin::Acquired))
    }

    /// The tokens in use: from the last sign-in, from the store, a static token, or the last output of the
    /// command, which is not run for this.
    ///
    /// # Errors
    ///
    /// If the store, or the token's file, cannot be read.
    pub async fn tokens(&self) -> Result<Option<Arc<Tokens>>, AuthError> {
        self.load().await;
        let tokens = self.state().tokens();
        match (tokens, self.method()?) {
            (Some(tokens), _) => Ok(Some(tokens)),
            (None, AuthMethod::Static(token)) => token.read().map(|_| None).map_err(AuthError::from),
            (None, AuthMethod::Command(_)) => Ok(None),
            // Loading ignored the error; this reports it.
            (None, method) => Ok(self.load_stored(&method).await?.map(Arc::new)),
        }
    }

    /// Where the token comes from or is stored, for messages, such as "the system's keyring". Reads nothing.
    #[must_use]
    pub fn location(&self) -> String {
        match self.method() {
            Ok(AuthMethod::Static(token)) => token.location(),
            Ok(AuthMethod::Command(command)) => {
                format!("command `{}`", command.first().map_or("", String::as_str))
            }
            Ok(_) | Err(_) => self.persister.location(),
        }
    }

    /// Removes the tokens of this endpoint; returns whether there were any.
    ///
    /// Blocks while a locked keyring is unlocked, for up to two minutes, so it is not for asynchronous
    /// callers. Another process that uses the tokens continues to do so until it exits, but stores none any
    /// more.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    pub fn sign_out(&self) -> Result<bool, StoreError> {
        self.state().forget();
        self.persister.remove_blocking()
    }

    /// The state before a call, for [`SignIn::after_rejection`].
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.state().snapshot()
    }

    /// Notes whether the server accepted the token of a call.
    pub(crate) fn judge(&self, call_token: &CallToken, is_accepted: bool) {
        self.state().judge(call_token.generation, is_accepted);
    }

    /// Warns once that a token is about to be sent unencrypted.
    pub(crate) fn warn_plain_text(&self) {
        let endpoint = &self.connection.endpoint.value;
        let is_plain = self.connection.insecure.value && !endpoint.is_loopback();
        if is_plain && !self.warned_plain_text.swap(true, Ordering::Relaxed) {
            let insecure = self.connection.insecure.origin.place_to_change("admin.insecure");
            log::warn!("sending the token to `{endpoint}` unencrypted, because {insecure} is true");
        }
    }

    fn state(&self) -> MutexGuard<'_, SignInState> {
        lock_state(&self.state)
    }

    fn method(&self) -> Result<AuthMethod, AuthError> {
        Ok(AuthMethod::from_connection(&self.connection, self.options.token.clone())?)
    }

    /// The endpoint, for messages.
    fn endpoint_text(&self) -> String {
        self.connection.endpoint.value.to_string()
    }
}

fn lock_state(state: &Mutex<SignInState>) -> MutexGuard<'_, SignInState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("endpoint", &self.persister.endpoint()).finish_non_exhaustive()
    }
}

/// Removes the tokens of all endpoints; returns those that had any, as `host:port`.
///
/// Blocks as [`SignIn::sign_out`] does; a keyring that does not answer for one endpoint is not asked for
/// the others.
///
/// # Errors
///
/// If those of an endpoint cannot be removed; all others are removed first.
pub fn sign_out_everywhere(options: &SignInOptions) -> Result<Vec<String>, StoreError> {
    let store = store::open(options.store, options.folder.clone());
    let (mut removed, mut failed) = (Vec::new(), None);
    for endpoint in store.endpoints()? {
        match store.remove(&endpoint) {
            Ok(true) => removed.push(endpoint),
            Ok(false) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(removed), Err)
}
