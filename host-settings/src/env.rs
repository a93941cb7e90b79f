//! Every environment variable that the host itself reads.
//!
//! Those of Flyte's configuration (`FLYTE_PLATFORM_URL` and the like) are in `flyte_client::config`, the
//! proxies' (`HTTPS_PROXY` and the like) in `flyte_client::net::Proxies`.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    sync::OnceLock,
};

/// The plugins to load: a path, a name that is looked up in the plugins directories, or a list of
/// these separated like `PATH`. The first takes precedence. `builtin` means none.
pub const PLUGIN: &str = "FLYTE_PLUGIN";

/// Directories in which plugin names are looked up first, separated like `PATH`.
pub const PLUGIN_PATH: &str = "FLYTE_PLUGIN_PATH";

/// `1`: print a warning and continue with the built-in default when a plugin cannot be used.
pub const PLUGIN_FALLBACK: &str = "FLYTE_PLUGIN_FALLBACK";

/// `1`: run every plugin in a process of its own.
pub const PLUGIN_ISOLATE: &str = "FLYTE_PLUGIN_ISOLATE";

/// Timeout in seconds of a plugin's function, instead of 60 (30 for `create`, 2 in completion); `0`: none.
pub const PLUGIN_TIMEOUT: &str = "FLYTE_PLUGIN_TIMEOUT";

/// The password of the secret key that `plugin publish` signs with. Secret.
pub const PLUGIN_KEY_PASSWORD: &str = "FLYTE_PLUGIN_KEY_PASSWORD";

/// The host's settings file, instead of `~/.flyte/host.toml`.
pub const HOST_CONFIG: &str = "FLYTE_HOST_CONFIG";

/// `1`: use the embedded sandbox, whatever the configuration says, as `--sandbox` does; `0`: never, unless
/// `--sandbox` is given.
pub const SANDBOX: &str = "FLYTE_SANDBOX";

/// The folder of the embedded sandbox, instead of `~/.flyte/sandbox`.
pub const SANDBOX_DIR: &str = "FLYTE_SANDBOX_DIR";

/// Timeout of one call to Flyte in seconds, instead of 60; `0`: none.
pub const TIMEOUT: &str = "FLYTE_HOST_TIMEOUT";

/// An access token for Flyte, used in place of a sign-in. Secret.
pub const ACCESS_TOKEN: &str = "FLYTE_ACCESS_TOKEN";

/// A file with an access token for Flyte, read again when the token is no longer accepted.
pub const ACCESS_TOKEN_FILE: &str = "FLYTE_ACCESS_TOKEN_FILE";

/// Where sign-in tokens are stored: `auto`, `keyring`, `file` or `none`.
pub const TOKEN_STORE: &str = "FLYTE_TOKEN_STORE";

/// Timeout of an interactive sign-in in seconds, instead of 300.
pub const SIGN_IN_TIMEOUT: &str = "FLYTE_SIGN_IN_TIMEOUT";

/// The folder for state of programs, instead of `~/.local/state`; a relative path is ignored (XDG Base
/// Directory Specification).
pub const STATE_HOME: &str = "XDG_STATE_HOME";

/// The folder for data that can be made again, instead of `~/.cache`; a relative path is ignored (XDG Base
/// Directory Specification).
pub const CACHE_HOME: &str = "XDG_CACHE_HOME";

/// Set in CI, where no interactive sign-in is possible.
pub const CI: &str = "CI";

/// Set by the scripts of `completion` when a shell asks for completions.
pub const COMPLETE: &str = "FLYTE_HOST_COMPLETE";

/// The user's home directory.
pub const HOME: &str = "HOME";

/// Variables with secrets of the host, which the process of an isolated plugin does not get.
pub const SECRETS: [&str; 4] =
    [ACCESS_TOKEN, PLUGIN_KEY_PASSWORD, "FLYTE_CREDENTIALS_CLIENT_SECRET", "FLYTE_AWS_SECRET_ACCESS_KEY"];

/// A variable, or several of one meaning, as the reference describes them.
#[derive(Clone, Copy, Debug)]
pub struct VariableDoc {
    /// The names.
    pub names: &'static [&'static str],
    /// The meaning, in Markdown.
    pub meaning: &'static str,
}

const fn doc(names: &'static [&'static str], meaning: &'static str) -> VariableDoc {
    VariableDoc { names, meaning }
}

/// The variables that users may set, for the reference.
pub const DOCUMENTED: [VariableDoc; 25] = [
    doc(
        &[PLUGIN],
        "Plugins to use: names or paths, separated like `PATH`, the first in front; `builtin` means none",
    ),
    doc(
        &[PLUGIN_PATH],
        "Directories to search for plugins before all others, separated like `PATH`; absolute",
    ),
    doc(
        &[PLUGIN_FALLBACK],
        "`1`: continue with a warning without a plugin that cannot be used, as `--plugin-fallback`",
    ),
    doc(&[PLUGIN_ISOLATE], "`1`: run every plugin in a process of its own, as `--isolate`"),
    doc(
        &[PLUGIN_TIMEOUT],
        "Timeout in seconds of a function of a plugin, other than its commands [default: 60, 30 for `create`, 2 in completion]; `0`: no timeout",
    ),
    doc(&[PLUGIN_KEY_PASSWORD], "Password of the secret key that `flyte-host plugin publish` signs with"),
    doc(&[HOST_CONFIG], "Settings file of flyte-host [default: `~/.flyte/host.toml`]"),
    doc(
        &[SANDBOX],
        "`1`: use the embedded sandbox whatever the configuration says, as `--sandbox`; `0`: use it only with `--sandbox`",
    ),
    doc(&[SANDBOX_DIR], "Folder of the embedded sandbox [default: `~/.flyte/sandbox`]"),
    doc(&[TIMEOUT], "Timeout of one call to Flyte in seconds [default: 60]; `0`: no timeout"),
    doc(&[ACCESS_TOKEN], "Access token for Flyte; disables the sign-in"),
    doc(
        &[ACCESS_TOKEN_FILE],
        "File with an access token for Flyte, read again when the token is rejected; disables the sign-in",
    ),
    doc(&[TOKEN_STORE], "Token store: `auto`, `keyring`, `file` or `none` [default: `auto`]"),
    doc(&[SIGN_IN_TIMEOUT], "Timeout of an interactive sign-in in seconds [default: 300]"),
    doc(
        &[STATE_HOME],
        "Tokens in files and the journals of plugin calls are in its folder `flyte-host` [default: `~/.local/state`]; absolute",
    ),
    doc(
        &[CACHE_HOME],
        "What plugins add to the command line is kept in its folder `flyte-host` [default: `~/.cache`]; absolute",
    ),
    doc(&[CI], "`true`: never sign in interactively, and use the sandbox only on request"),
    doc(
        &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"],
        "An `http://` proxy for connections to Flyte, with Basic authentication; SOCKS is not supported",
    ),
    doc(&["NO_PROXY"], "Hosts to reach without a proxy"),
    doc(&["FLYTECTL_CONFIG"], "Flyte configuration file, as `--config`"),
    doc(&["FLYTE_INTERNAL_IMAGE"], "Image of container tasks without one, if no plugin gives one"),
    doc(&["AWS_*", "FLYTE_AWS_*"], "Credentials for S3 buckets, besides `storage.connection` and `~/.aws`"),
    doc(&["GOOGLE_APPLICATION_CREDENTIALS"], "Credentials for Google Cloud Storage (untested)"),
    doc(&["AZURE_*", "FLYTE_AZURE_*"], "Credentials for Azure Blob Storage (untested)"),
    doc(&["NO_COLOR", "CLICOLOR_FORCE"], "Disable or force colour"),
];

/// The environment as it was when it was first read, which is before any plugin runs: plugins may change it.
fn variables() -> &'static BTreeMap<OsString, OsString> {
    static VARIABLES: OnceLock<BTreeMap<OsString, OsString>> = OnceLock::new();
    VARIABLES.get_or_init(|| std::env::vars_os().collect())
}

/// A variable's value, which may be empty or not UTF-8.
#[must_use]
pub fn raw(name: impl AsRef<OsStr>) -> Option<&'static OsStr> {
    variables().get(name.as_ref()).map(OsString::as_os_str)
}

/// All variables.
pub fn all() -> impl Iterator<Item = (OsString, OsString)> {
    variables().iter().map(|(name, value)| (name.clone(), value.clone()))
}

/// A variable's value; one that is set but empty counts as not set, as everywhere in this program.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    raw(name)?.to_str().filter(|value| !value.is_empty()).map(str::to_owned)
}

/// Whether a variable that switches something is on; off if it is not set.
#[must_use]
pub fn is_on(name: &str) -> bool {
    switch(name).unwrap_or_default()
}

/// Whether a variable switches something on or off; `None` if it is not set.
#[must_use]
pub fn switch(name: &str) -> Option<bool> {
    let value = text(name)?.to_ascii_lowercase();
    Some(!OFF.contains(&value.as_str()))
}

/// Values of a switch, in any case.
const ON: [&str; 4] = ["1", "true", "yes", "on"];
const OFF: [&str; 4] = ["0", "false", "no", "off"];

/// A switch of this program that is set to something else than on or off, and its value. [`CI`] is not
/// checked: for other programs any text means on.
fn invalid_switch() -> Option<(&'static str, String)> {
    let invalid = |value: &String| {
        let value = value.to_ascii_lowercase();
        !ON.iter().chain(&OFF).any(|known| *known == value)
    };
    [PLUGIN_FALLBACK, PLUGIN_ISOLATE, SANDBOX]
        .into_iter()
        .find_map(|name| Some((name, text(name).filter(invalid)?)))
}

/// A variable of this program that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// A switch that is neither on nor off.
    #[error("invalid value `{value}` for variable `{name}`: expected `1` or `0`")]
    InvalidSwitch {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The value is not UTF-8.
    #[error("variable `{0}` is not UTF-8")]
    NotUtf8(String),
}

impl VariableError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidSwitch { name, .. } => format!("set `{name}=1` or `{name}=0`, or unset it"),
            Self::NotUtf8(name) => format!("set `{name}` again, or unset it"),
        }
    }
}

/// Checks the variables of this program.
///
/// # Errors
///
/// The first one that cannot be used.
pub fn check() -> Result<(), VariableError> {
    if let Some(name) = not_utf8() {
        return Err(VariableError::NotUtf8(name));
    }
    match invalid_switch() {
        Some((name, value)) => Err(VariableError::InvalidSwitch { name, value }),
        None => Ok(()),
    }
}

/// A variable of this program whose value is not UTF-8, so that it would count as not set.
///
/// The variables that hold paths of plugins ([`PLUGIN`], [`PLUGIN_PATH`]) may have any bytes; those of
/// Flyte's configuration are checked where they are read.
fn not_utf8() -> Option<String> {
    let is_ours = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.ends_with("_PROXY") || READ_AS_TEXT.contains(&name.as_str())
    };
    let mut names = variables().iter().filter(|(_, value)| value.to_str().is_none());
    names.find_map(|(name, _)| name.to_str().filter(|name| is_ours(name)).map(str::to_owned))
}

const READ_AS_TEXT: [&str; 14] = [
    PLUGIN_FALLBACK,
    PLUGIN_ISOLATE,
    PLUGIN_TIMEOUT,
    HOST_CONFIG,
    SANDBOX,
    SANDBOX_DIR,
    TIMEOUT,
    ACCESS_TOKEN,
    ACCESS_TOKEN_FILE,
    TOKEN_STORE,
    SIGN_IN_TIMEOUT,
    STATE_HOME,
    CACHE_HOME,
    CI,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_documented_once() {
        let documented: Vec<_> = DOCUMENTED.iter().flat_map(|doc| doc.names).collect();
        for name in READ_AS_TEXT.iter().chain(&[PLUGIN, PLUGIN_PATH]) {
            assert_eq!(documented.iter().filter(|known| **known == name).count(), 1, "{name}");
        }
    }
}
