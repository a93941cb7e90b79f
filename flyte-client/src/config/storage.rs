//! Where data lies, for those who reach object stores on their own.

use std::time::Duration;

use super::entry::{ConfigEntry, Reader};
use super::error::ConfigError;
use super::origin::{Secret, Setting};

/// Access to S3 and what speaks its language. Source: `S3Config` in `flytekit/configuration/__init__.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Replaces the provider's own endpoint.
    pub endpoint: Setting<Option<String>>,
    /// The key's public half.
    pub access_key_id: Setting<Option<String>>,
    /// The key's secret half.
    pub secret_access_key: Setting<Option<Secret>>,
    /// `path`, `virtual` or `auto`.
    pub addressing_style: Setting<Option<String>>,
    /// Whether the store's client should log what it does.
    pub enable_debug: Setting<bool>,
    /// How often a request is tried again.
    pub retries: Setting<u64>,
    /// How long to wait before that.
    pub backoff: Setting<Duration>,
}

pub(super) const ENDPOINT: ConfigEntry = ConfigEntry::new("aws", "endpoint", "storage.connection.endpoint");
pub(super) const ACCESS_KEY_ID: ConfigEntry =
    ConfigEntry::new("aws", "access_key_id", "storage.connection.access-key");
pub(super) const SECRET_ACCESS_KEY: ConfigEntry =
    ConfigEntry::new("aws", "secret_access_key", "storage.connection.secret-key");
pub(super) const ADDRESSING_STYLE: ConfigEntry =
    ConfigEntry::new("aws", "addressing_style", "storage.connection.addressing-style");
pub(super) const ENABLE_DEBUG: ConfigEntry = ConfigEntry::without_yaml("aws", "enable_debug");
pub(super) const RETRIES: ConfigEntry = ConfigEntry::without_yaml("aws", "retries");
pub(super) const BACKOFF_SECONDS: ConfigEntry = ConfigEntry::without_yaml("aws", "backoff_seconds");

impl Storage {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Storage, ConfigError> {
        let unset = || Setting::default_value(None, "");
        let some = |setting: Option<Setting<String>>| setting.map_or_else(unset, |setting| setting.map(Some));
        let secret = reader.text(SECRET_ACCESS_KEY)?;
        Ok(Storage {
            endpoint: some(reader.text(ENDPOINT)?),
            access_key_id: some(reader.text(ACCESS_KEY_ID)?),
            secret_access_key: some(secret).map(|secret| secret.map(Secret::new)),
            addressing_style: some(reader.text(ADDRESSING_STYLE)?),
            enable_debug: reader.flag(ENABLE_DEBUG)?.unwrap_or_else(|| Setting::default_value(false, "")),
            retries: reader.number(RETRIES)?.unwrap_or_else(|| Setting::default_value(3, "")),
            backoff: reader
                .number(BACKOFF_SECONDS)?
                .unwrap_or_else(|| Setting::default_value(5, ""))
                .map(Duration::from_secs),
        })
    }

    /// The store of a Flyte sandbox (`Config.for_sandbox`). Its keys are public knowledge.
    pub(super) fn for_sandbox(reason: &'static str) -> Storage {
        let fixed = |text: &str| Setting::default_value(Some(text.to_owned()), reason);
        Storage {
            endpoint: fixed("http://localhost:30002"),
            access_key_id: fixed("minio"),
            secret_access_key: fixed("miniostorage").map(|secret| secret.map(Secret::new)),
            addressing_style: Setting::default_value(None, ""),
            enable_debug: Setting::default_value(false, ""),
            retries: Setting::default_value(3, ""),
            backoff: Setting::default_value(Duration::from_secs(5), ""),
        }
    }
}
