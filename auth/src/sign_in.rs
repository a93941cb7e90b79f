//! The policy: which token a call carries, how the next one is got, and who waits for whom.

use std::{path::PathBuf, sync::Arc, time::Duration};

use remote::{config::Connection, net::Network};

use crate::{
    Error, Person, ProxyAuthorization, StaticToken, Tokens,
    store::{self, StoreError},
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
    /// How long a person, or another process, is waited for.
    pub patience: Duration,
}

/// The sign-in at one endpoint: shared by all calls of this process.
pub struct SignIn {
    connection: Connection,
    options: Options,
    person: Arc<dyn Person>,
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
        let _ = (network, unsigned);
        Self { connection, options, person }
    }

    /// Signs in because the user says so, whether there are tokens or not.
    ///
    /// # Errors
    ///
    /// As [`Error`].
    pub async fn sign_in(&self, how: How) -> Result<Arc<Tokens>, Error> {
        let _ = how;
        todo!()
    }

    /// The tokens in use: those of the last sign-in, or of the store.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn tokens(&self) -> Result<Option<Arc<Tokens>>, Error> {
        todo!()
    }

    /// Where tokens are kept, for people, such as "the system's keyring".
    ///
    /// # Errors
    ///
    /// When the store does not work.
    pub fn place(&self) -> Result<String, StoreError> {
        todo!()
    }

    /// Forgets the tokens of this endpoint; says whether there were any.
    ///
    /// # Errors
    ///
    /// When they cannot be forgotten.
    pub fn sign_out(&self) -> Result<bool, StoreError> {
        todo!()
    }
}

/// Forgets the tokens of all endpoints; says of which there were any.
///
/// # Errors
///
/// When they cannot be forgotten.
pub fn sign_out_everywhere(options: &Options) -> Result<Vec<String>, StoreError> {
    let _ = options;
    todo!()
}
