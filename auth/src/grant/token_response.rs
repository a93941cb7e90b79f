//! The response with tokens (RFC 6749, 5.1), parsed leniently.

use std::time::Duration;

use flyte_client::config::Secret;
use jiff::Timestamp;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse, basic::BasicTokenType};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::GrantError;
use crate::{Flow, Tokens, redact::excerpt};

/// A token response. Its `Debug` shows no token.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct LenientTokenResponse {
    access_token: AccessToken,
    /// Bearer, unless the provider says otherwise.
    #[serde(default = "bearer", deserialize_with = "token_type")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "lifetime")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
}

/// The request: what a response may leave out.
pub(super) struct TokenRequest {
    pub(super) flow: Flow,
    pub(super) header: String,
    pub(super) client_id: String,
    pub(super) token_endpoint: String,
    pub(super) scopes: Vec<String>,
    pub(super) audience: Option<String>,
    /// The refresh token to keep if the response has none.
    pub(super) refresh: Option<Secret>,
}

impl LenientTokenResponse {
    pub(super) fn tokens(self, host: &str, requested: TokenRequest) -> Result<Tokens, GrantError> {
        let unexpected =
            |what: String| GrantError::UnexpectedResponse { host: host.to_owned(), what, says: None };
        if let BasicTokenType::Extension(kind) = &self.token_type {
            let kind = excerpt(kind);
            return Err(unexpected(format!("a token of type `{kind}`; only bearer tokens are supported")));
        }
        let access = Secret::new(self.access_token.into_secret());
        let is_sendable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sendable(access.reveal()) {
            return Err(unexpected("invalid access token".to_owned()));
        }
        let issued_at = Timestamp::now();
        let life = self.expires_in.map(Duration::from_secs);
        let refresh = self.refresh_token.map(RefreshToken::into_secret).filter(|token| !token.is_empty());
        Ok(Tokens {
            flow: requested.flow,
            access,
            refresh: refresh.map(Secret::new).or(requested.refresh),
            issued_at,
            expires_at: life.and_then(|life| issued_at.checked_add(life).ok()),
            header: requested.header,
            client_id: requested.client_id,
            token_endpoint: requested.token_endpoint,
            scopes: requested.scopes,
            audience: requested.audience,
        })
    }
}

impl TokenResponse for LenientTokenResponse {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// The requested ones count, since providers format theirs differently.
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// `Bearer` in any case, or an extension.
fn token_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    Ok(match Option::<String>::deserialize(deserializer)? {
        Some(kind) if !kind.is_empty() && !kind.eq_ignore_ascii_case("bearer") => {
            BasicTokenType::Extension(kind)
        }
        _ => BasicTokenType::Bearer,
    })
}

/// Seconds, as a number or in a string.
fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let seconds = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => whole_seconds(number),
        Value::String(text) => text.trim().parse().ok().as_ref().and_then(whole_seconds),
        _ => None,
    };
    if seconds.is_none() {
        log::warn!("{NO_LIFETIME}");
    }
    Ok(seconds)
}

const NO_LIFETIME: &str =
    "the identity provider returned no valid `expires_in`; using the token until it is rejected";

fn whole_seconds(number: &serde_json::Number) -> Option<u64> {
    let seconds = number.as_u64().or_else(|| format!("{:.0}", number.as_f64()?.floor()).parse().ok());
    seconds.filter(|seconds| *seconds > 0)
}
