//! Checks of the connection that plugins return.

use std::str::FromStr;

use flyte_client::config::{AuthMode, Endpoint};
use plugin_abi::Hook;
use plugin_host::{
    HookError, Identity, ResolvedRemote,
    error::{CallSite, HookErrorKind},
};

/// The error of a plugin that set an invalid value.
#[must_use]
pub fn unusable(plugin: Identity, reason: String) -> HookError {
    HookError::new(plugin, CallSite::Hook(Hook::GetRemote), HookErrorKind::InvalidValue(reason))
}

/// Checks the values that plugins set; those of the configuration were checked before.
///
/// # Errors
///
/// The error of the plugin that set an invalid value.
pub fn check(resolved: &ResolvedRemote) -> Result<(), HookError> {
    endpoint(resolved)?;
    auth_mode(resolved).map(drop)
}

/// The endpoint that a plugin set, if one did.
///
/// # Errors
///
/// The error of the plugin that set an invalid value.
pub fn endpoint(resolved: &ResolvedRemote) -> Result<Option<Endpoint>, HookError> {
    parse_field(resolved, "endpoint", resolved.remote.endpoint.as_deref(), |text| {
        Endpoint::from_str(text).map_err(|error| error.to_string())
    })
}

/// The sign-in mode that a plugin set, if one did.
///
/// # Errors
///
/// The error of the plugin that set an invalid value.
pub fn auth_mode(resolved: &ResolvedRemote) -> Result<Option<AuthMode>, HookError> {
    parse_field(resolved, "auth_mode", resolved.remote.auth_mode.as_deref(), |text| {
        AuthMode::from_str(text).map_err(|_| {
            format!("unknown sign-in mode `{text}`; expected one of {}", AuthMode::accepted_names())
        })
    })
}

fn parse_field<T>(
    resolved: &ResolvedRemote,
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, HookError> {
    let (Some(owner), Some(text)) = (resolved.owners.get(field), text) else { return Ok(None) };
    parse(text).map(Some).map_err(|reason| unusable(owner.clone(), reason))
}
