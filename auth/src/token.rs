//! What a sign-in gives: tokens, and what it takes to renew them without asking anybody.

pub(crate) mod parse;

use std::{fmt, time::Duration};

use flyte_client::config::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How tokens were got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The browser, with PKCE.
    Browser,
    /// OAuth client credentials: an id and a secret, no person.
    ClientCredentials,
    /// A code that a person types on another device.
    Device,
    /// A command that prints a token.
    ExternalCommand,
    /// A token that somebody put there.
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

/// Tokens are renewed so long before they expire, so that none dies on its way to the server.
const SLACK: Duration = Duration::from_secs(60);

/// The tokens for one endpoint.
///
/// Times are those of this machine's clock. A provider says how many seconds a token lives, which are counted from its
/// receipt: so it does not matter what the provider's clock shows, nor by how much this machine's is wrong, as long as it
/// is not set in between. If it is:
///
/// - Forward: the token looks older than it is, and is renewed too early.
/// - Back to before its receipt: it is not trusted, and renewed.
/// - Back, but not so far: it looks younger than it is. A server that does not accept it any more says so, and it is
///   renewed then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// The flow that got them.
    pub flow: Flow,
    /// Sent with every call.
    #[serde(with = "revealed")]
    pub access: Secret,
    /// Buys the next access token, where the provider gives one.
    #[serde(default, with = "revealed_option", skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Secret>,
    /// When they were got.
    pub issued_at: Timestamp,
    /// When the access token expires; `None` if the provider did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The metadata key under which the server wants the access token.
    pub header: String,
    /// The OAuth client that they were given to.
    #[serde(default)]
    pub client_id: String,
    /// Where they are renewed; empty where they cannot be.
    #[serde(default)]
    pub token_endpoint: String,
    /// The scopes that were asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The audience that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

impl Tokens {
    /// Whether the access token may be sent at a time: it is not about to expire.
    ///
    /// A token that seems to come from the future was got under another clock, and is not trusted to last. The slack
    /// is allowed for: small corrections of a clock are no reason to renew.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let Some(expires_at) = self.expires_at else { return true };
        // A short-lived token must not count as old from its first moment.
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

/// A secret in the store: the one place where it is written out.
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
    fn a_clock_that_was_set_back_makes_tokens_old() {
        assert!(is_fresh_after(Some(600), -60));
        assert!(!is_fresh_after(Some(600), -61));
        assert!(!is_fresh_after(Some(600), -3600));
        // What does not expire does so under no clock.
        assert!(is_fresh_after(None, -3600));
    }

    #[test]
    fn a_clock_that_was_set_forward_renews_too_early_and_never_too_late() {
        assert!(!is_fresh_after(Some(600), 3600));
    }

    #[test]
    fn times_that_make_no_sense_are_not_fresh_and_no_panic() {
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
    fn nothing_secret_is_shown() {
        let text = format!("{:?}", Tokens { access: Secret::new("very secret"), ..tokens(None) });
        assert!(!text.contains("very secret"), "{text}");
    }
}
