//! OAuth grants. The protocol is the `oauth2` crate's; here are the requests, and the meaning of the
//! responses.
//!
//! | file | what it does |
//! |---|---|
//! | `code` | the authorization code flow, with the browser |
//! | `device` | the device flow |
//! | `http` | the requests of all flows, and their errors |
//! | `token_response` | the response with the tokens |

mod code;
mod device;
mod error;
mod http;
#[cfg(test)]
mod tests;
mod token_response;

use ::http::Uri;
use flyte_client::config::Secret;
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RefreshToken, Scope,
    StandardRevocableToken, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};

pub use self::error::GrantError;
pub(crate) use self::http::Http;
use self::{
    error::ProtocolError,
    token_response::{LenientTokenResponse, TokenRequest},
};
use crate::{
    Flow, Tokens,
    provider::Provider,
    redact::{excerpt, host_of},
};

/// An OAuth client whose token responses are parsed leniently.
pub(super) type Protocol<AuthUrl = EndpointNotSet, TokenUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    LenientTokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    AuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    TokenUrl,
>;

/// Requests tokens from one provider.
pub(crate) struct Grants<'a> {
    provider: &'a Provider,
    http: &'a Http,
}

impl<'a> Grants<'a> {
    pub(crate) fn new(provider: &'a Provider, http: &'a Http) -> Self {
        Self { provider, http }
    }

    /// A client for flows that begin in the browser.
    fn browser_client(&self, client_id: &str) -> Result<Protocol<EndpointSet, EndpointSet>, GrantError> {
        let page = &self.provider.authorization_endpoint;
        let page = AuthUrl::new(page.clone()).map_err(|_| GrantError::invalid_url(page))?;
        Ok(self.token_client(client_id)?.set_auth_uri(page))
    }

    /// A client for token requests only.
    fn token_client(&self, client_id: &str) -> Result<Protocol<EndpointNotSet, EndpointSet>, GrantError> {
        let token = &self.provider.token_endpoint;
        let token = TokenUrl::new(token.clone()).map_err(|_| GrantError::invalid_url(token))?;
        Ok(Protocol::new(ClientId::new(client_id.to_owned())).set_token_uri(token))
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.provider.scopes.iter().cloned().map(Scope::new)
    }

    /// The provider's host, for messages.
    fn host(&self) -> String {
        host(&self.provider.token_endpoint)
    }

    /// The tokens of a response.
    fn tokens(
        &self,
        flow: Flow,
        client_id: &str,
        response: Result<LenientTokenResponse, ProtocolError>,
    ) -> Result<Tokens, GrantError> {
        let requested = TokenRequest {
            flow,
            header: self.provider.header.clone(),
            client_id: client_id.to_owned(),
            token_endpoint: self.provider.token_endpoint.clone(),
            scopes: self.provider.scopes.clone(),
            audience: self.provider.audience.clone(),
            refresh: None,
        };
        tokens(&self.host(), response, requested)
    }

    /// Requests tokens with client credentials.
    ///
    /// They are sent in the header, as the standard says and Flyte's clients do. A provider that accepts
    /// them only in the body answers `invalid_client`; then they are sent once more, in the body.
    pub(crate) async fn client_credentials(
        &self,
        client_id: &str,
        secret: &Secret,
    ) -> Result<Tokens, GrantError> {
        let refused = match self.with_secret(client_id, secret, AuthType::BasicAuth).await {
            Err(error) if error.is_unknown_client() => error,
            response => return response,
        };
        log::debug!("{refused}; sending the secret in the body instead");
        self.with_secret(client_id, secret, AuthType::RequestBody).await.map_err(|error| match error {
            GrantError::Unreachable { .. } => error,
            _ => refused,
        })
    }

    async fn with_secret(
        &self,
        client_id: &str,
        secret: &Secret,
        auth_type: AuthType,
    ) -> Result<Tokens, GrantError> {
        let client = self.token_client(client_id)?.set_auth_type(auth_type);
        let client = client.set_client_secret(ClientSecret::new(secret.reveal().to_owned()));
        let mut request = client.exchange_client_credentials().add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let response = request.request_async(self.http).await;
        self.tokens(Flow::ClientCredentials, client_id, response)
    }
}

/// Exchanges the refresh token of `old` at the provider that issued it (RFC 6749, 6). What the response
/// leaves out stays as it was: most providers send a new refresh token only if the old one was sent.
///
/// `None`: `old` cannot be refreshed. Tokens of client credentials are requested again instead.
pub(crate) async fn refresh(http: &Http, old: &Tokens) -> Result<Option<Tokens>, GrantError> {
    let Some(sent) = old.refresh.as_ref().filter(|_| matches!(old.flow, Flow::Browser | Flow::Device)) else {
        return Ok(None);
    };
    let Ok(url) = TokenUrl::new(old.token_endpoint.clone()) else {
        log::warn!("could not refresh the stored tokens: they have no valid token endpoint");
        return Ok(None);
    };
    let client = Protocol::new(ClientId::new(old.client_id.clone())).set_token_uri(url);
    let token = RefreshToken::new(sent.reveal().to_owned());
    let response = client.exchange_refresh_token(&token).request_async(http).await;
    let requested = TokenRequest {
        flow: old.flow,
        header: old.header.clone(),
        client_id: old.client_id.clone(),
        token_endpoint: old.token_endpoint.clone(),
        scopes: old.scopes.clone(),
        audience: old.audience.clone(),
        refresh: Some(sent.clone()),
    };
    tokens(&host(&old.token_endpoint), response, requested).map(Some)
}

/// The tokens of a response.
fn tokens(
    host: &str,
    response: Result<LenientTokenResponse, ProtocolError>,
    requested: TokenRequest,
) -> Result<Tokens, GrantError> {
    response.map_err(|error| GrantError::from_protocol(host, error))?.tokens(host, requested)
}

fn host(url: &str) -> String {
    url.parse::<Uri>().map_or_else(|_| excerpt(url), |url| host_of(&url))
}
