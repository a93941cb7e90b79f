//! What a server says of its identity provider (`flyteidl.service.AuthMetadataService`).

use remote::{Client, config::Connection};

/// The provider, and what the server wants of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Where the browser goes; may have a query of its own.
    pub(crate) authorization_endpoint: String,
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
        source: remote::client::Error,
    },
}

impl Provider {
    /// Asks the server, without a token (`GetPublicClientConfig`, `GetOAuth2Metadata`).
    pub(crate) async fn discover(client: &Client, connection: &Connection) -> Result<Self, ProviderError> {
        let _ = (client, connection);
        todo!()
    }
}
