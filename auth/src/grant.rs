//! How a provider is asked for tokens. The protocol is the `oauth2` crate's; here is what goes over which wire, and what
//! the answers mean to somebody who wants to sign in.

mod client_credentials;
mod code;
mod device;
mod http;
mod refresh;

pub(crate) use self::{http::Http, refresh::refresh};
use crate::provider::Provider;

/// Asks one provider.
pub(crate) struct Grants<'a> {
    provider: &'a Provider,
    http: &'a Http,
}

impl<'a> Grants<'a> {
    /// Nothing is sent yet.
    pub(crate) fn new(provider: &'a Provider, http: &'a Http) -> Self {
        Self { provider, http }
    }
}

/// Why a provider gives no tokens. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// It refused, in OAuth's terms.
    #[error("`{host}` refuses: {}", description.as_deref().unwrap_or(error))]
    Refused {
        /// The provider's host.
        host: String,
        /// OAuth's code, such as `access_denied`.
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
    /// It answered with something that is no answer, such as a web page.
    #[error("`{host}` answers with {what}")]
    Nonsense {
        /// The provider's host.
        host: String,
        /// What it answered, such as "a web page (HTTP 502 Bad Gateway)".
        what: String,
        /// What the page says.
        says: Option<String>,
    },
    /// It cannot be reached, or is down (HTTP 429, 5xx).
    #[error("the identity provider `{host}` does not answer")]
    Unreachable {
        /// The provider's host.
        host: String,
        /// Why.
        source: remote::transport::Status,
    },
}

impl GrantError {
    /// Whether what was sent for tokens (a refresh token, a code) is worth nothing any more: OAuth's `invalid_grant`.
    pub(crate) fn is_void(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_grant")
    }
}
