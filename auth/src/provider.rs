//! What a server says of its identity provider (`flyteidl.service.AuthMetadataService`).

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

use crate::redact::clean;

/// The provider, and what the server wants of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Where the browser goes; may have a query of its own.
    pub(crate) authorization_endpoint: String,
    /// The name that the provider puts under its answers, if it says one (RFC 9207).
    pub(crate) issuer: Option<String>,
    /// Where tokens are given.
    pub(crate) token_endpoint: String,
    /// Where codes for devices are given, if they are.
    pub(crate) device_authorization_endpoint: Option<String>,
    /// The public client, for people.
    pub(crate) client_id: String,
    /// Where the browser comes back to.
    pub(crate) redirect_uri: String,
    /// Those of the configuration, else those of the server.
    pub(crate) scopes: Vec<String>,
    /// The audience to ask for, if any.
    pub(crate) audience: Option<String>,
    /// The metadata key in which the server wants its tokens; lower case.
    pub(crate) header: String,
}

/// Why a server's provider is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It wants a token, and does not say where they are given.
    #[error("`{endpoint}` does not say how to sign in")]
    Silent {
        /// The endpoint.
        endpoint: String,
    },
    /// It wants its tokens where none can be sent.
    #[error("`{endpoint}` wants its tokens in a header `{name}`, which HTTP cannot carry")]
    Header {
        /// The endpoint.
        endpoint: String,
        /// What it says.
        name: String,
    },
    /// What it says is no address.
    #[error("`{endpoint}` names `{url}` as its {what}, which is no address")]
    Url {
        /// The endpoint.
        endpoint: String,
        /// What it is for.
        what: &'static str,
        /// What it says.
        url: String,
    },
    /// It could not be asked.
    #[error("`{endpoint}` cannot be asked how to sign in")]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// Why.
        source: Box<flyte_client::client::ClientError>,
    },
}

impl Provider {
    /// Asks the server, without a token (`GetPublicClientConfig`, `GetOAuth2Metadata`).
    pub(crate) async fn discover(client: &Client, connection: &Connection) -> Result<Self, ProviderError> {
        let endpoint = connection.endpoint.value.to_string();
        let failed = |error: client::ClientError| match error.status.code {
            Code::Unimplemented => ProviderError::Silent { endpoint: endpoint.clone() },
            _ => ProviderError::Unreachable { endpoint: endpoint.clone(), source: error.into() },
        };
        let public = client.get_public_client_config(&PublicClientAuthConfigRequest {}).await;
        let public = public.map_err(failed)?;
        let metadata = client.get_o_auth2_metadata(&OAuth2MetadataRequest {}).await.map_err(failed)?;
        let provider = Self::of(public, metadata, connection)?;
        if !connection.insecure.value {
            provider.warn_of_plain_text();
        }
        Ok(provider)
    }

    /// The provider of two answers, where the configuration does not say otherwise.
    fn of(
        public: PublicClientAuthConfigResponse,
        metadata: OAuth2MetadataResponse,
        connection: &Connection,
    ) -> Result<Self, ProviderError> {
        let endpoint = connection.endpoint.value.as_str();
        let url = |what, url| address(endpoint, what, url);
        let silent = || ProviderError::Silent { endpoint: endpoint.to_owned() };
        let token_endpoint = url("token endpoint", metadata.token_endpoint)?.ok_or_else(silent)?;
        let page = url("authorization endpoint", metadata.authorization_endpoint)?;
        let devices = url("device authorization endpoint", metadata.device_authorization_endpoint)?;
        let is_for_people = connection.auth_mode.value != AuthMode::ClientSecret;
        if is_for_people && page.is_none() && devices.is_none() {
            return Err(silent());
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
            let place = url.split('?').next().unwrap_or_default();
            ONCE.call_once(|| {
                log::warn!("tokens travel unencrypted: the server wants them bought at `{place}`")
            });
        }
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// An address of the web; `None` if there is none.
fn address(endpoint: &str, what: &'static str, url: String) -> Result<Option<String>, ProviderError> {
    let Some(url) = filled(url) else { return Ok(None) };
    let is_address = url.parse::<Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    });
    match is_address {
        true => Ok(Some(url)),
        false => Err(ProviderError::Url { endpoint: endpoint.to_owned(), what, url: clean(&url) }),
    }
}

/// Plain text on a way that others may listen on.
fn is_plain(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme_str() == Some("http") && !is_here
}

/// Those of the configuration, else the server's. flytekit forgives quotes and brackets around them
/// (`flytekit/clients/auth/auth_client.py`), so that people have them in their files.
fn scopes(connection: &Connection, server: Vec<String>) -> Vec<String> {
    let configured = connection.scopes.value.iter();
    let bare = configured.map(|scope| scope.trim_matches(['[', ']', '\'', '"', ' ']).to_owned());
    let configured: Vec<_> = bare.filter(|scope| !scope.is_empty()).collect();
    if configured.is_empty() { server } else { configured }
}

/// The server knows what its tokens are for; a program's owner knows better.
fn audience(connection: &Connection, server: String) -> Option<String> {
    let (server, configured) =
        (filled(server), connection.audience.value.clone().filter(|audience| !audience.is_empty()));
    match connection.auth_mode.value {
        AuthMode::ClientSecret => configured.or(server),
        _ => server.or(configured),
    }
}

/// The metadata key for tokens, in lower case, as HTTP/2 wants it.
fn header(endpoint: &str, name: String) -> Result<String, ProviderError> {
    let Some(name) = filled(name) else { return Ok("authorization".to_owned()) };
    match name.parse::<HeaderName>() {
        Ok(key) => Ok(key.as_str().to_owned()),
        Err(_) => Err(ProviderError::Header { endpoint: endpoint.to_owned(), name: clean(&name) }),
    }
}

#[cfg(test)]
mod tests;
