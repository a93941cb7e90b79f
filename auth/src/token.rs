//! Tokens, and what is needed to renew them without the user.

pub(crate) mod parse;

use std::{fmt, time::Duration};

use flyte_client::config::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How tokens were acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The browser, with PKCE.
    Browser,
    /// OAuth client credentials: an id and a secret.
    ClientCredentials,
    /// The device flow: the user enters a code on another device.
    Device,
    /// A command that prints a token.
    ExternalCommand,
    /// A token in a variable or a file.
    StaticToken,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser => "browser",
            Self::ClientCredentials => "client credentials",
            Self::Device => "device code",
            Self::ExternalCommand => "external command",
            Self::StaticToken => "static token",
        })
    }
}

/// The metadata key of tokens where the server names none; servers accept it in addition to their own.
pub(crate) const AUTHORIZATION: &str = "authorization";

/// How long before expiry tokens are renewed, so that none expires on its way to the server.
const SLACK: Duration = Duration::from_secs(60);

/// The tokens for one endpoint.
///
/// Times are those of the local clock. A provider returns the lifetime in seconds, counted from receipt, so
/// neither the provider's clock nor an offset of the local one matters, unless the local clock is set
/// meanwhile:
///
/// - Forward: the token looks older than it is, and is renewed early.
/// - Back to before its receipt: it is not trusted, and renewed.
/// - Back, but less: it looks younger than it is. When the server rejects it, it is renewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// How they were acquired.
    pub flow: Flow,
    /// Sent with every call.
    #[serde(with = "revealed")]
    pub access: Secret,
    /// For the next access token, if the provider issued one.
    #[serde(default, with = "revealed_option", skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Secret>,
    /// When they were acquired.
    pub issued_at: Timestamp,
    /// When the access token expires; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The metadata key for the access token.
    pub header: String,
    /// The OAuth client they were issued to.
    #[serde(default)]
    pub client_id: String,
    /// Where to renew them; empty if that is not possible.
    #[serde(default)]
    pub token_endpoint: String,
    /// The requested scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The requested audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

impl Tokens {
    /// An access token of which nothing else is known.
    pub(crate) fn from_access(flow: Flow, access: Secret, header: String) -> Self {
        Self {
            flow,
            access,
            refresh: None,
            issued_at: Timestamp::now(),
            expires_at: None,
            header,
            client_id: String::new(),
            token_endpoint: String::new(),
            scopes: Vec::new(),
            audience: None,
        }
    }

    /// Whether the access token is valid at a time, and not about to expire.
    ///
    /// A token from the future was acquired under another clock, and is not fresh. The slack applies: small
    /// corrections of the clock are not a reason to renew.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let Some(expires_at) = self.expires_at else { return true };
        // A short-lived token must not need renewal at once.
        let life = Duration::try_from(expires_at.duration_since(self.issued_at)).unwrap_or_default();
        let slack = SLACK.min(life / 4);
        now >= self.issued_at.saturating_sub(SLACK).unwrap_or(Timestamp::MIN)
            && now < expires_at.saturating_sub(slack).unwrap_or(Timestamp::MIN)
    }

    /// The value of the metadata key.
    #[must_use]
    pub fn header_value(&self) -> Secret {
        Secret::new(format!("Bearer {}", self.access.reveal()))
    }
}

/// Secrets in the store: the only place where they are written out.
mod revealed {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        secret.reveal().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

mod revealed_option {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes the field as it is")]
    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::reveal).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(life: Option<i64>) -> Tokens {
        let issued_at: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        Tokens {
            flow: Flow::Browser,
            access: Secret::new("a"),
            refresh: None,
            issued_at,
            expires_at: life.map(|seconds| issued_at + Duration::from_secs(seconds.unsigned_abs())),
            header: "authorization".into(),
            client_id: String::new(),
            token_endpoint: String::new(),
            scopes: Vec::new(),
            audience: None,
        }
    }

    fn is_fresh_after(life: Option<i64>, seconds: i64) -> bool {
        let tokens = tokens(life);
        tokens.is_fresh(Timestamp::from_second(tokens.issued_at.as_second() + seconds).unwrap())
    }

    #[test]
    fn renewed_ahead_of_expiry() {
        assert!(is_fresh_after(Some(600), 539));
        assert!(!is_fresh_after(Some(600), 540));
        assert!(is_fresh_after(Some(8), 5));
        assert!(!is_fresh_after(Some(8), 6));
        assert!(is_fresh_after(None, 1_000_000));
    }

    #[test]
    fn tokens_are_not_fresh_if_the_clock_was_set_back() {
        assert!(is_fresh_after(Some(600), -60));
        assert!(!is_fresh_after(Some(600), -61));
        assert!(!is_fresh_after(Some(600), -3600));
        // Without expiry, the clock does not matter.
        assert!(is_fresh_after(None, -3600));
    }

    #[test]
    fn tokens_are_renewed_early_if_the_clock_was_set_forward() {
        assert!(!is_fresh_after(Some(600), 3600));
    }

    #[test]
    fn nonsensical_times_are_not_fresh_and_do_not_panic() {
        let mut tokens = tokens(Some(600));
        for (issued_at, expires_at, now, is_fresh) in [
            (Timestamp::MAX, Timestamp::MIN, Timestamp::MIN, false),
            (Timestamp::MAX, Timestamp::MIN, Timestamp::MAX, false),
            (Timestamp::MIN, Timestamp::MIN, Timestamp::MIN, false),
            (Timestamp::MIN, Timestamp::MAX, Timestamp::MAX, false),
            (Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH, true),
        ] {
            tokens.issued_at = issued_at;
            tokens.expires_at = Some(expires_at);
            assert_eq!(tokens.is_fresh(now), is_fresh, "{issued_at} {expires_at} {now}");
        }
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let text = format!("{:?}", Tokens { access: Secret::new("very secret"), ..tokens(None) });
        assert!(!text.contains("very secret"), "{text}");
    }
}
