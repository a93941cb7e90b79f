//! Why nobody is signed in.

use std::{iter, sync::Arc};

use flyte_client::{
    client,
    net::TrustError,
    transport::{Code, Status, TransportError, TransportErrorKind},
};

use crate::{
    Flow,
    callback::CallbackError,
    command::CommandError,
    grant::GrantError,
    method::{MethodError, StaticTokenError},
    provider::ProviderError,
    store::StoreError,
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
    Command(#[from] Arc<CommandError>),
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
        /// Where the sign-in mode is set, if there is a client secret that it has no use for.
        mode_of_secret: Option<String>,
    },
    /// Somebody wants to be asked, and the configuration wants a sign-in without a person.
    #[error("the configuration signs in by {0}, which asks nobody")]
    NoPerson(Flow),
    /// What was got was not accepted.
    #[error("`{endpoint}` does not accept the token of {}", place.as_deref().unwrap_or("this sign-in"))]
    NotAccepted {
        /// The endpoint.
        endpoint: String,
        /// How the token was got.
        flow: Flow,
        /// Where it comes from, if somebody put it there.
        place: Option<String>,
        /// What the server says.
        #[source]
        said: Option<Box<Status>>,
    },
    /// Somebody wants to sign in, and a token that is there already goes before all others.
    #[error("there is no need to sign in, because {place} holds a token")]
    NothingToDo {
        /// Where the token is, such as "variable `FLYTE_ACCESS_TOKEN`".
        place: String,
    },
    /// The call had a token of its own, which no sign-in replaces.
    #[error("`{endpoint}` does not accept the header `{header}`, which a plugin set")]
    OwnHeader {
        /// The endpoint.
        endpoint: String,
        /// The header's name.
        header: String,
        /// What the server says.
        #[source]
        said: Option<Box<Status>>,
    },
    /// An embedded sandbox wants its token, and there is none.
    #[error("`{endpoint}` is a sandbox of flyte-host, which requires its token")]
    SandboxToken {
        /// The endpoint.
        endpoint: String,
        /// What the server says.
        #[source]
        said: Box<Status>,
    },
    /// The server does not say how to sign in.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The token that somebody put there cannot be used.
    #[error(transparent)]
    StaticToken(#[from] StaticTokenError),
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

const AGAIN: &str = "sign in again with `flyte-host login`";
const IN_CI: &str = "sign in with `flyte-host login`; in CI set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with \
                     `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to \
                     a token";

impl Error {
    /// What it means.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Grant(GrantError::Unreachable { .. }) => Kind::Unreachable,
            Self::Provider(ProviderError::Unreachable { source, .. })
                if source.kind() == client::ClientErrorKind::Unreachable =>
            {
                Kind::Unreachable
            }
            _ => Kind::NotSignedIn,
        }
    }

    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Callback(error) => return Some(error.hint()),
            Self::Command(error) => return error.hint(),
            Self::Grant(error) => return of_grant(error),
            Self::Method(error) => return Some(error.hint()),
            Self::Nobody { mode_of_secret: Some(place), .. } => {
                return Some(format!(
                    "set {place} to `ClientSecret` to sign in with the client secret that is there"
                ));
            }
            Self::Nobody { .. } => IN_CI,
            Self::NoPerson(_) => {
                "leave out `--device` and `--no-browser`, or set `FLYTE_CREDENTIALS_AUTH_MODE` to `Pkce`"
            }
            Self::NotAccepted { said: Some(said), .. } if let Some(hint) = said.sandbox_hint() => hint,
            Self::SandboxToken { said, .. } => return said.sandbox_hint().map(str::to_owned),
            Self::NotAccepted { flow, place, .. } => return Some(of_refused(*flow, place.as_deref())),
            Self::NothingToDo { .. } => "take it away to sign in in another way",
            Self::OwnHeader { .. } => "`--no-plugins` goes without it; a sign-in does not replace it",
            Self::Provider(error) => return of_provider(error),
            Self::StaticToken(_) => "put a token there, or take it away and sign in with `flyte-host login`",
            Self::Store(error) => return error.hint(),
            Self::TooLate(_) => {
                "`FLYTE_SIGN_IN_TIMEOUT` sets how many seconds a sign-in may take, and so does `flyte-host login --timeout`"
            }
            Self::Trust(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }

    /// The failure of a call that could not be signed in.
    #[must_use]
    pub fn status(&self) -> Status {
        let code = match self.kind() {
            Kind::NotSignedIn => Code::Unauthenticated,
            Kind::Unreachable => Code::Unavailable,
        };
        let causes = iter::successors(std::error::Error::source(self), |error| error.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        let fault = TransportError::new(TransportErrorKind::SignIn, self.to_string());
        Status::fault(code, fault.caused_by(causes).hint(self.hint()))
    }
}

fn of_grant(error: &GrantError) -> Option<String> {
    let hint = match error {
        GrantError::NoDevices { .. } => {
            "sign in with the browser: `flyte-host login --no-browser` shows the address"
        }
        GrantError::Nonsense { .. } => "a proxy or another page may be in between",
        GrantError::Refused { error, .. } if error == "invalid_client" || error == "unauthorized_client" => {
            "run `flyte-host config show` to see where the client id and its secret are set; the browser's client is chosen by the operator of this Flyte"
        }
        GrantError::Refused { .. } => AGAIN,
        GrantError::Unreachable { source, .. } => return source.fault.as_ref()?.hint.clone(),
    };
    Some(hint.to_owned())
}

fn of_provider(error: &ProviderError) -> Option<String> {
    match error {
        ProviderError::Unreachable { source, .. } => source.hint(),
        ProviderError::Silent { .. } => Some(
            "the operator of this Flyte knows what it wants; a token goes in `FLYTE_ACCESS_TOKEN`".to_owned(),
        ),
        _ => Some("the operator of this Flyte has to correct it".to_owned()),
    }
}

/// A token that is not accepted is replaced where it comes from.
fn of_refused(flow: Flow, place: Option<&str>) -> String {
    match (flow, place) {
        (Flow::StaticToken, Some(place)) => {
            format!("put another token into {place}, or take it away and sign in with `flyte-host login`")
        }
        (Flow::ClientCredentials, _) => {
            "ask the operator of this Flyte to let this client in; `flyte-host config show` shows where its scopes and audience are set"
                .to_owned()
        }
        (Flow::ExternalCommand, _) => {
            "run the command by hand: it may want a sign-in of its own, or print a token for another place"
                .to_owned()
        }
        _ => AGAIN.to_owned(),
    }
}
