//! Why signing in failed.

use std::{iter, sync::Arc};

use flyte_client::{
    client,
    net::TrustError,
    transport::{Code, Status, TransportError, TransportErrorKind},
};

use crate::{
    Flow,
    callback::CallbackError,
    command::TokenCommandError,
    grant::GrantError,
    method::{AuthMethodError, StaticTokenError},
    provider::ProviderError,
    store::StoreError,
};

/// Signing in failed. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The callback server could not start.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The command that prints a token failed.
    #[error(transparent)]
    Command(#[from] Arc<TokenCommandError>),
    /// The provider issued no tokens.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The configuration is incomplete.
    #[error(transparent)]
    Method(#[from] AuthMethodError),
    /// Only the user can sign in, and the command does not run interactively.
    #[error(
        "not signed in to `{endpoint}`, and interactive sign-in is not possible here (not a terminal, or in CI)"
    )]
    NotInteractive {
        /// The endpoint.
        endpoint: String,
        /// Where to set the sign-in mode, if there is a client secret that the current mode does not use.
        mode_setting: Option<String>,
    },
    /// An interactive login mode was requested for a method without interaction.
    #[error("`--device` and `--no-browser` cannot be used with {0} authentication")]
    NonInteractiveMethod(Flow),
    /// The server rejected a token that was acquired just now.
    #[error("`{endpoint}` rejected the token {}", token_source(*flow, location.as_deref()))]
    TokenRejected {
        /// The endpoint.
        endpoint: String,
        /// How the token was acquired.
        flow: Flow,
        /// Where it is set, if it is a static token.
        location: Option<String>,
        /// The server's response.
        #[source]
        status: Option<Box<Status>>,
    },
    /// A static token is set, which takes precedence over a sign-in.
    #[error("already authenticated with the token from {location}")]
    StaticTokenSet {
        /// Where the token is, such as "variable `FLYTE_ACCESS_TOKEN`".
        location: String,
    },
    /// The call had a header of its own, which a sign-in does not replace.
    #[error("`{endpoint}` rejected the header `{header}`, which a plugin set")]
    HeaderRejected {
        /// The endpoint.
        endpoint: String,
        /// The header's name.
        header: String,
        /// The server's response.
        #[source]
        status: Option<Box<Status>>,
    },
    /// A sandbox requires its token, and there is none.
    #[error("`{endpoint}` is a flyte-host sandbox, which requires its token")]
    SandboxTokenRequired {
        /// The endpoint.
        endpoint: String,
        /// The server's response.
        #[source]
        status: Box<Status>,
    },
    /// The server's OAuth metadata cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The static token cannot be used.
    #[error(transparent)]
    StaticToken(#[from] StaticTokenError),
    /// Tokens cannot be stored or loaded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user, or the other process that was signing in, did not finish in time.
    #[error("sign-in timed out after {} s", .0.as_secs())]
    TimedOut(std::time::Duration),
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// What kind of failure an [`AuthError`] is, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthErrorKind {
    /// Not signed in.
    NotSignedIn,
    /// The provider is unavailable. Stored tokens are still valid.
    Unreachable,
}

const OAUTH_METADATA: &str = "ask your Flyte administrator to fix the OAuth metadata of the server";
const LOGIN: &str = "run `flyte-host login`";
const LOGIN_OR_CI: &str = "run `flyte-host login`; in CI, set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with \
                     `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to \
                     a token";

impl AuthError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        match self {
            Self::Grant(GrantError::Unreachable { .. }) => AuthErrorKind::Unreachable,
            Self::Provider(ProviderError::Unreachable { source, .. })
                if source.kind() == client::ClientErrorKind::Unreachable =>
            {
                AuthErrorKind::Unreachable
            }
            _ => AuthErrorKind::NotSignedIn,
        }
    }

    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Callback(error) => return Some(error.hint()),
            Self::Command(error) => return error.hint(),
            Self::Grant(error) => return grant_hint(error),
            Self::Method(error) => return Some(error.hint()),
            Self::NotInteractive { mode_setting: Some(location), .. } => {
                return Some(format!("set {location} to `ClientSecret` to use the configured client secret"));
            }
            Self::NotInteractive { .. } => LOGIN_OR_CI,
            Self::NonInteractiveMethod(_) => {
                "run `flyte-host login` without them, or set `FLYTE_CREDENTIALS_AUTH_MODE` to `Pkce`"
            }
            Self::TokenRejected { status: Some(status), .. } if let Some(hint) = status.sandbox_hint() => {
                hint
            }
            Self::SandboxTokenRequired { status, .. } => return status.sandbox_hint().map(str::to_owned),
            Self::TokenRejected { flow, location, .. } => {
                return Some(rejected_hint(*flow, location.as_deref()));
            }
            Self::StaticTokenSet { .. } => "remove it to sign in with another method",
            Self::HeaderRejected { .. } => {
                "use `--no-plugins` to run without the plugin; signing in does not replace its header"
            }
            Self::Provider(error) => return provider_hint(error),
            Self::StaticToken(_) => "set it to a token, or remove it and run `flyte-host login`",
            Self::Store(error) => return error.hint(),
            Self::TimedOut(_) => {
                "pass `--timeout SECONDS` to `flyte-host login`, or set `FLYTE_SIGN_IN_TIMEOUT`, to wait longer"
            }
            Self::Trust(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }

    /// The status of a call that could not be authenticated.
    #[must_use]
    pub fn status(&self) -> Status {
        let code = match self.kind() {
            AuthErrorKind::NotSignedIn => Code::Unauthenticated,
            AuthErrorKind::Unreachable => Code::Unavailable,
        };
        let causes = iter::successors(std::error::Error::source(self), |error| error.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        let fault = TransportError::new(TransportErrorKind::SignIn, self.to_string());
        Status::fault(code, fault.caused_by(causes).hint(self.hint()))
    }
}

fn grant_hint(error: &GrantError) -> Option<String> {
    let hint = match error {
        GrantError::DeviceFlowUnsupported { .. } => {
            "run `flyte-host login --no-browser` to sign in with a browser on this machine"
        }
        GrantError::InvalidUrl(_) => OAUTH_METADATA,
        GrantError::UnexpectedResponse { .. } => {
            "check for a proxy or login page between this machine and the identity provider"
        }
        GrantError::Refused { error, .. } if error == "invalid_client" || error == "unauthorized_client" => {
            "run `flyte-host config show` to see where the client id and secret are set; for browser and device logins, the Flyte server sets the client id"
        }
        GrantError::Refused { .. } => LOGIN,
        GrantError::Unreachable { source, .. } => return source.fault.as_ref()?.hint.clone(),
    };
    Some(hint.to_owned())
}

fn provider_hint(error: &ProviderError) -> Option<String> {
    match error {
        ProviderError::Unreachable { source, .. } => source.hint(),
        ProviderError::NoMetadata { .. } => Some(
            "ask your Flyte administrator how to sign in, or set `FLYTE_ACCESS_TOKEN` to a token".to_owned(),
        ),
        _ => Some(OAUTH_METADATA.to_owned()),
    }
}

/// How a rejected token was acquired, or where it is set.
fn token_source(flow: Flow, location: Option<&str>) -> String {
    match (flow, location) {
        (Flow::StaticToken, Some(location)) => format!("from {location}"),
        _ => "of this sign-in".to_owned(),
    }
}

/// A rejected token is replaced where it comes from.
fn rejected_hint(flow: Flow, location: Option<&str>) -> String {
    match (flow, location) {
        (Flow::StaticToken, Some(location)) => {
            format!("set {location} to another token, or remove it and run `flyte-host login`")
        }
        (Flow::ClientCredentials, _) => {
            "ask your Flyte administrator to authorize this client; run `flyte-host config show` to see where its scopes and audience are set"
                .to_owned()
        }
        (Flow::ExternalCommand, _) => {
            "run the command by hand: it may require a login of its own, or print a token for another server"
                .to_owned()
        }
        _ => LOGIN.to_owned(),
    }
}
