//! How a provider is asked for tokens. The protocol is the `oauth2` crate's; here is what goes over which wire, and
//! what the answers mean to somebody who wants to sign in.

mod answer;
mod client_credentials;
mod code;
mod device;
mod http;
mod refresh;
#[cfg(test)]
mod tests;

use ::http::Uri;
use oauth2::{
    AuthUrl, ClientId, EndpointNotSet, EndpointSet, RequestTokenError, Scope, StandardRevocableToken,
    TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};

use self::answer::{Answer, Terms};
pub(crate) use self::{http::Http, refresh::refresh};
use crate::{
    Flow, Tokens,
    provider::Provider,
    redact::{clean, host_of},
};

/// The protocol, with answers that are read leniently.
pub(super) type Protocol<AuthUrl = EndpointNotSet, TokenUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    AuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    TokenUrl,
>;

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

    /// The protocol as a client that can send a browser away and buy tokens.
    fn protocol(&self, client_id: &str) -> Result<Protocol<EndpointSet, EndpointSet>, GrantError> {
        let page = &self.provider.authorization_endpoint;
        let page = AuthUrl::new(page.clone()).map_err(|_| GrantError::no_address(page))?;
        Ok(self.buyer(client_id)?.set_auth_uri(page))
    }

    /// The protocol as a client that buys tokens without a browser.
    fn buyer(&self, client_id: &str) -> Result<Protocol<EndpointNotSet, EndpointSet>, GrantError> {
        let token = &self.provider.token_endpoint;
        let token = TokenUrl::new(token.clone()).map_err(|_| GrantError::no_address(token))?;
        Ok(Protocol::new(ClientId::new(client_id.to_owned())).set_token_uri(token))
    }

    /// The scopes to ask for.
    fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.provider.scopes.iter().cloned().map(Scope::new)
    }

    /// The provider's host, as messages have it.
    fn host(&self) -> String {
        host(&self.provider.token_endpoint)
    }

    /// The tokens of an answer, or what an error of the protocol means.
    fn tokens(
        &self,
        flow: Flow,
        client_id: &str,
        answer: Result<Answer, ProtocolError>,
    ) -> Result<Tokens, GrantError> {
        let terms = Terms {
            flow,
            header: self.provider.header.clone(),
            client_id: client_id.to_owned(),
            token_endpoint: self.provider.token_endpoint.clone(),
            scopes: self.provider.scopes.clone(),
            audience: self.provider.audience.clone(),
            refresh: None,
        };
        tokens(&self.host(), answer, terms)
    }
}

/// What the `oauth2` crate says went wrong. It is not shown to anybody: it may hold an answer with tokens.
type ProtocolError = RequestTokenError<GrantError, BasicErrorResponse>;

/// The tokens of an answer, or what an error of the protocol means.
fn tokens(host: &str, answer: Result<Answer, ProtocolError>, terms: Terms) -> Result<Tokens, GrantError> {
    answer.map_err(|error| GrantError::of(host, error))?.tokens(host, terms)
}

fn host(url: &str) -> String {
    url.parse::<Uri>().map_or_else(|_| clean(url), |url| host_of(&url))
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
    #[error("`{host}` answers with {what}{}", says.as_ref().map(|says| format!(": {says}")).unwrap_or_default())]
    Nonsense {
        /// The provider's host.
        host: String,
        /// What it answered, such as "a web page (HTTP 502 Bad Gateway)".
        what: String,
        /// What the page says.
        says: Option<String>,
    },
    /// It gives no codes that are typed on another device.
    #[error("`{host}` gives no codes for other devices")]
    NoDevices {
        /// The provider's host.
        host: String,
    },
    /// It cannot be reached, or is down (HTTP 408, 429, 5xx).
    #[error("the identity provider `{host}` does not answer")]
    Unreachable {
        /// The provider's host.
        host: String,
        /// Why.
        source: flyte_client::transport::Status,
    },
}

impl GrantError {
    /// Whether what was sent for tokens (a refresh token, a code) is worth nothing any more: OAuth's `invalid_grant`.
    pub(crate) fn is_void(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_grant")
    }

    /// Whether the provider does not know the client, or not by how it named itself.
    fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_client")
    }

    /// What an error of the protocol means to somebody who wants to sign in.
    fn of(host: &str, error: ProtocolError) -> Self {
        let nonsense =
            |what: &str| Self::Nonsense { host: host.to_owned(), what: what.to_owned(), says: None };
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(refusal) => Self::Refused {
                host: host.to_owned(),
                error: clean(refusal.error().as_ref()),
                description: refusal.error_description().map(|text| clean(text)),
            },
            RequestTokenError::Parse(..) => nonsense("JSON that lacks what a sign-in needs"),
            RequestTokenError::Other(_) => nonsense("something that is no answer to a sign-in"),
        }
    }

    fn no_address(url: &str) -> Self {
        Self::Nonsense { host: clean(url), what: "nothing, since it is no address".to_owned(), says: None }
    }
}
