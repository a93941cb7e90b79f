//! Errors of identity providers.

use oauth2::{RequestTokenError, basic::BasicErrorResponse};

use crate::redact::excerpt;

/// The `oauth2` crate's error. Never shown: it may quote a response with tokens.
pub(super) type ProtocolError = RequestTokenError<GrantError, BasicErrorResponse>;

/// A provider issued no tokens. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// An OAuth error response.
    #[error("`{host}` refused the request: {}", description.as_deref().unwrap_or(error))]
    Refused {
        /// The provider's host.
        host: String,
        /// OAuth's code, such as `access_denied`.
        error: String,
        /// The provider's description.
        description: Option<String>,
    },
    /// Not an OAuth response, such as a web page.
    #[error("unexpected response from `{host}`: {what}{}", says.as_ref().map(|says| format!(": {says}")).unwrap_or_default())]
    UnexpectedResponse {
        /// The provider's host.
        host: String,
        /// The response, such as "a web page (HTTP 502 Bad Gateway)".
        what: String,
        /// The title of the page.
        says: Option<String>,
    },
    /// The provider has no device authorization endpoint.
    #[error("`{host}` does not support the device flow")]
    DeviceFlowUnsupported {
        /// The provider's host.
        host: String,
    },
    /// An endpoint of the provider is not a URL.
    #[error("invalid URL of the identity provider: `{0}`")]
    InvalidUrl(String),
    /// No connection, or HTTP 408, 429, 5xx.
    #[error("identity provider `{host}` is unavailable")]
    Unreachable {
        /// The provider's host.
        host: String,
        /// Why.
        source: flyte_client::transport::Status,
    },
}

impl GrantError {
    /// Whether the refresh token or code is invalid, expired or revoked.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_grant")
    }

    /// Whether the provider does not know the client, or does not accept how it authenticates.
    pub(super) fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_client")
    }

    pub(super) fn from_protocol(host: &str, error: ProtocolError) -> Self {
        let unexpected = |what: &str| Self::UnexpectedResponse {
            host: host.to_owned(),
            what: what.to_owned(),
            says: None,
        };
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(refusal) => Self::Refused {
                host: host.to_owned(),
                error: excerpt(refusal.error().as_ref()),
                description: refusal.error_description().map(|text| excerpt(text)),
            },
            RequestTokenError::Parse(..) => unexpected("JSON without the required fields"),
            RequestTokenError::Other(_) => unexpected("not an OAuth response"),
        }
    }

    pub(super) fn invalid_url(url: &str) -> Self {
        Self::InvalidUrl(excerpt(url))
    }
}
