//! The server's OAuth metadata (`flyteidl.service.AuthMetadataService`).

use std::{net::IpAddr, sync::Once};

use flyte_client::{
    Client, Code, client,
    config::{AuthMode, Connection},
    proto::service::{
        OAuth2MetadataRequest, OAuth2MetadataResponse, PublicClientAuthConfigRequest,
        PublicClientAuthConfigResponse,
    },
};
use http::{HeaderName, Uri};

use crate::redact::excerpt;

/// The identity provider, and the requirements of the server for its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// For the browser; may have a query.
    pub(crate) authorization_endpoint: String,
    /// The issuer in responses, if known (RFC 9207).
    pub(crate) issuer: Option<String>,
    pub(crate) token_endpoint: String,
    /// `None`: the device flow is not supported.
    pub(crate) device_authorization_endpoint: Option<String>,
    /// The public client, for interactive flows.
    pub(crate) client_id: String,
    /// Where the provider redirects the browser.
    pub(crate) redirect_uri: String,
    /// From the configuration, else from the server.
    pub(crate) scopes: Vec<String>,
    /// The audience to request, if any.
    pub(crate) audience: Option<String>,
    /// The metadata key for tokens, in lower case.
    pub(crate) header: String,
}

/// The server's OAuth metadata cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// There is none, or endpoints are missing.
    #[error("`{endpoint}` requires authentication, but has no OAuth metadata")]
    NoMetadata {
        /// The endpoint.
        endpoint: String,
    },
    /// The metadata key is not a header name.
    #[error("invalid token header in `{endpoint}`'s OAuth metadata: `{name}`")]
    InvalidHeader {
        /// The endpoint.
        endpoint: String,
        /// The value.
        name: String,
    },
    /// An endpoint is not a URL.
    #[error("invalid {what} in `{endpoint}`'s OAuth metadata: `{url}`")]
    InvalidUrl {
        /// The endpoint.
        endpoint: String,
        /// The field.
        what: &'static str,
        /// The value.
        url: String,
    },
    /// The call failed.
    #[error("could not get the OAuth metadata of `{endpoint}`")]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// Why.
        source: Box<flyte_client::client::ClientError>,
    },
}

impl Provider {
    /// Calls `GetPublicClientConfig` and `GetOAuth2Metadata`, without a token.
    pub(crate) async fn discover(client: &Client, connection: &Connection) -> Result<Self, ProviderError> {
        let endpoint = connection.endpoint.value.to_string();
        let failed = |error: client::ClientError| match error.status.code {
            Code::Unimplemented => ProviderError::NoMetadata { endpoint: endpoint.clone() },
            _ => ProviderError::Unreachable { endpoint: endpoint.clone(), source: error.into() },
        };
        let public = client.get_public_client_config(&PublicClientAuthConfigRequest {}).await;
        let public = public.map_err(failed)?;
        let metadata = client.get_o_auth2_metadata(&OAuth2MetadataRequest {}).await.map_err(failed)?;
        let provider = Self::from_metadata(public, metadata, connection)?;
        if !connection.insecure.value {
            provider.warn_of_plain_text();
        }
        Ok(provider)
    }

    /// The provider of two answers, where the configuration does not say otherwise.
    fn from_metadata(
        public: PublicClientAuthConfigResponse,
        metadata: OAuth2MetadataResponse,
        connection: &Connection,
    ) -> Result<Self, ProviderError> {
        let endpoint = connection.endpoint.value.as_str();
        let url = |what, url| http_url(endpoint, what, url);
        let no_metadata = || ProviderError::NoMetadata { endpoint: endpoint.to_owned() };
        let token_endpoint = url("token endpoint", metadata.token_endpoint)?.ok_or_else(no_metadata)?;
        let page = url("authorization endpoint", metadata.authorization_endpoint)?;
        let devices = url("device authorization endpoint", metadata.device_authorization_endpoint)?;
        let is_interactive = connection.auth_mode.value != AuthMode::ClientSecret;
        if is_interactive && page.is_none() && devices.is_none() {
            return Err(no_metadata());
        }
        let client_id = filled(public.client_id).or_else(|| connection.client_id.value.clone());
        Ok(Self {
            authorization_endpoint: page.unwrap_or_default(),
            issuer: filled(metadata.issuer),
            token_endpoint,
            device_authorization_endpoint: devices,
            client_id: client_id.unwrap_or_default(),
            redirect_uri: public.redirect_uri,
            scopes: scopes(connection, public.scopes),
            audience: audience(connection, public.audience),
            header: header(endpoint, public.authorization_metadata_key)?,
        })
    }

    fn warn_of_plain_text(&self) {
        static ONCE: Once = Once::new();
        let urls = [Some(&self.token_endpoint), self.device_authorization_endpoint.as_ref()];
        if let Some(url) = urls.into_iter().flatten().find(|url| is_plain(url)) {
            let location = url.split('?').next().unwrap_or_default();
            ONCE.call_once(|| {
                log::warn!("tokens are sent unencrypted: the server's token endpoint is `{location}`")
            });
        }
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// An HTTP URL; `None` if it is empty.
fn http_url(endpoint: &str, what: &'static str, url: String) -> Result<Option<String>, ProviderError> {
    let Some(url) = filled(url) else { return Ok(None) };
    let is_url = url.parse::<Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    });
    match is_url {
        true => Ok(Some(url)),
        false => Err(ProviderError::InvalidUrl { endpoint: endpoint.to_owned(), what, url: excerpt(&url) }),
    }
}

/// Plain HTTP to another machine.
fn is_plain(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme_str() == Some("http") && !is_here
}

/// From the configuration, else from the server. flytekit removes quotes and brackets around them
/// (`flytekit/clients/auth/auth_client.py`), so files contain them.
fn scopes(connection: &Connection, server: Vec<String>) -> Vec<String> {
    let configured = connection.scopes.value.iter();
    let trimmed = configured.map(|scope| scope.trim_matches(['[', ']', '\'', '"', ' ']).to_owned());
    let configured: Vec<_> = trimmed.filter(|scope| !scope.is_empty()).collect();
    if configured.is_empty() { server } else { configured }
}

/// The server's takes precedence for users, the configured one for client credentials.
fn audience(connection: &Connection, server: String) -> Option<String> {
    let (server, configured) =
        (filled(server), connection.audience.value.clone().filter(|audience| !audience.is_empty()));
    match connection.auth_mode.value {
        AuthMode::ClientSecret => configured.or(server),
        _ => server.or(configured),
    }
}

/// The metadata key for tokens, in lower case, as HTTP/2 requires it.
fn header(endpoint: &str, name: String) -> Result<String, ProviderError> {
    let Some(name) = filled(name) else { return Ok("authorization".to_owned()) };
    match name.parse::<HeaderName>() {
        Ok(key) => Ok(key.as_str().to_owned()),
        Err(_) => Err(ProviderError::InvalidHeader { endpoint: endpoint.to_owned(), name: excerpt(&name) }),
    }
}

#[cfg(test)]
mod tests;
