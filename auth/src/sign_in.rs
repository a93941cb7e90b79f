//! The policy: which token a call carries, how the next one is got, and who waits for whom.
//!
//! | file | what it does |
//! |---|---|
//! | `state` | the token in use, and what the server thinks of it; nothing there waits |
//! | `refresh` | when the next token is got, and who shares it |
//! | `acquire` | the ways to the next token, in their order |
//! | `persist` | the store and the turns, for callers that must not block |

mod acquire;
mod persist;
mod refresh;
mod state;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use flyte_client::{config::Connection, net::Network};
use tokio::sync::{self, OnceCell};

use self::{
    persist::Fate,
    state::{Current, Source},
};
pub(crate) use self::{
    refresh::{Next, has},
    state::{Carried, Seen},
};
use crate::{
    Error, Method, Person, ProxyAuthorization, StaticToken, Tokens,
    store::{self, Store, StoreError},
};

/// How a person wants to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// As the configuration says; a person gets the browser if there is one, else a code for another device.
    #[default]
    Configured,
    /// With the browser, but nobody opens one: the person copies the address.
    NoBrowser,
    /// With a code that is typed on another device.
    Device,
}

/// What a sign-in depends on, beside the connection.
#[derive(Clone, Debug)]
pub struct Options {
    /// A token that is there already.
    pub token: Option<StaticToken>,
    /// Where tokens are kept.
    pub store: store::Choice,
    /// The folder of tokens and locks, in the user's state directory; it is made when it is needed.
    pub folder: PathBuf,
    /// How long a person, a command or another process is waited for.
    pub patience: Duration,
}

/// The sign-in at one endpoint: shared by all calls of this process.
pub struct SignIn {
    connection: Connection,
    options: Options,
    network: Network,
    unsigned: Arc<ProxyAuthorization>,
    person: Arc<dyn Person>,
    /// Under which name the store has it: `host:port`.
    key: String,
    store: Arc<dyn Store>,
    fate: Arc<Fate>,
    current: Arc<Mutex<Current>>,
    loaded: OnceCell<()>,
    /// Whoever gets the next token has it; all others wait, and use what was got.
    one: sync::Mutex<()>,
    /// Whoever spends a refresh token has it, even if nobody waits for that any more.
    spending: Arc<sync::Mutex<()>>,
    warned_of_plain_text: AtomicBool,
    warned_of_turns: AtomicBool,
}

impl SignIn {
    /// Nothing is read, opened or asked before the first call.
    ///
    /// `network` leads to the provider; `unsigned` carries calls to the same server without a token; it is also
    /// what a [`WithToken`](crate::WithToken) is put around.
    #[must_use]
    pub fn new(
        connection: Connection,
        options: Options,
        network: Network,
        unsigned: Arc<ProxyAuthorization>,
        person: Arc<dyn Person>,
    ) -> Self {
        let key = connection.endpoint.value.authority(connection.insecure.value);
        let store = store::open(options.store, options.folder.clone()).into();
        Self {
            connection,
            options,
            network,
            unsigned,
            person,
            key,
            store,
            fate: Arc::default(),
            current: Arc::default(),
            loaded: OnceCell::new(),
            one: sync::Mutex::default(),
            spending: Arc::default(),
            warned_of_plain_text: AtomicBool::new(false),
            warned_of_turns: AtomicBool::new(false),
        }
    }

    /// Signs in because the user says so, whether there are tokens or not. A command is run; `how` is for people.
    ///
    /// Dropping the future ends the sign-in: the port is free, and the next one may begin.
    ///
    /// # Errors
    ///
    /// As [`Error`]; also when there is nothing to sign in to, because a token that is there already goes first.
    pub async fn sign_in(&self, how: How) -> Result<Arc<Tokens>, Error> {
        self.load().await;
        let _one = self.one.lock().await;
        let method = self.method()?;
        let tokens = self.anew(&method, how).await?;
        Ok(self.current().put(tokens, Source::Got))
    }

    /// The tokens in use: those of the last sign-in, of the store, the one that somebody put there, or the one that the
    /// command printed last. A command is not run for it.
    ///
    /// # Errors
    ///
    /// When the store, or the token's file, cannot be read.
    pub async fn tokens(&self) -> Result<Option<Arc<Tokens>>, Error> {
        self.load().await;
        let tokens = self.current().tokens();
        match (tokens, self.method()?) {
            (Some(tokens), _) => Ok(Some(tokens)),
            (None, Method::Static(token)) => token.read().map(|_| None).map_err(Error::from),
            (None, Method::Command(_)) => Ok(None),
            // It could not be read when it was loaded; now it is told why.
            (None, method) => Ok(self.kept(&method).await?.map(Arc::new)),
        }
    }

    /// Where the token comes from or is kept, for people, such as "the system's keyring". Asks nobody.
    #[must_use]
    pub fn place(&self) -> String {
        match self.method() {
            Ok(Method::Static(token)) => token.place(),
            Ok(Method::Command(command)) => {
                format!("command `{}`", command.first().map_or("", String::as_str))
            }
            Ok(_) | Err(_) => self.store.place(&self.key),
        }
    }

    /// Forgets the tokens of this endpoint; says whether there were any.
    ///
    /// Blocks while a locked keyring is opened, for up to two minutes; so it is not for asynchronous callers. Another
    /// process that uses the tokens goes on with them until it ends, and keeps none any more.
    ///
    /// # Errors
    ///
    /// When they cannot be forgotten.
    pub fn sign_out(&self) -> Result<bool, StoreError> {
        self.current().forget();
        self.store.remove(&self.key)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        open(&self.current)
    }

    fn method(&self) -> Result<Method, Error> {
        Ok(Method::of(&self.connection, self.options.token.clone())?)
    }

    fn endpoint(&self) -> String {
        self.connection.endpoint.value.to_string()
    }
}

fn open(current: &Mutex<Current>) -> MutexGuard<'_, Current> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("endpoint", &self.key).finish_non_exhaustive()
    }
}

/// Forgets the tokens of all endpoints; says of which there were any, as `host:port`.
///
/// Blocks as [`SignIn::sign_out`] does; a keyring that is silent for one endpoint is not asked for the others.
///
/// # Errors
///
/// When those of an endpoint cannot be forgotten; all others are forgotten first.
pub fn sign_out_everywhere(options: &Options) -> Result<Vec<String>, StoreError> {
    let store = store::open(options.store, options.folder.clone());
    let (mut forgotten, mut failed) = (Vec::new(), None);
    for endpoint in store.endpoints()? {
        match store.remove(&endpoint) {
            Ok(true) => forgotten.push(endpoint),
            Ok(false) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(forgotten), Err)
}
