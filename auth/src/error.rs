//! Why nobody is signed in.

use remote::{net::TrustError, transport::Status};

use crate::{
    callback::CallbackError, command::CommandError, grant::GrantError, method::MethodError,
    provider::ProviderError, store::StoreError,
};

/// A sign-in that did not come about. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The browser has nowhere to come back to.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The command that prints a token does not.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The provider gives no tokens.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The configuration does not say enough.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// There is nobody to ask, and nothing else to go by.
    #[error("nobody can be asked here, and there is no token for `{endpoint}`")]
    Nobody {
        /// The endpoint.
        endpoint: String,
    },
    /// The server does not say how to sign in.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// What was got was not accepted.
    #[error("`{endpoint}` does not accept the token of this sign-in")]
    NotAccepted {
        /// The endpoint.
        endpoint: String,
    },
    /// Tokens cannot be kept or found.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody answered in time: neither the browser nor the other process.
    #[error("nobody signed in within {} s", .0.as_secs())]
    TooLate(std::time::Duration),
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// What a failed sign-in means to whoever called Flyte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is signed in.
    NotSignedIn,
    /// The provider does not answer; later it may. What was signed in before still is.
    Unreachable,
}

impl Error {
    /// What it means.
    #[must_use]
    pub fn kind(&self) -> Kind {
        todo!()
    }

    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        todo!()
    }

    /// The failure of a call that could not be signed in.
    #[must_use]
    pub fn status(&self) -> Status {
        todo!()
    }
}
