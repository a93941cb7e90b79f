//! The host's own settings: `~/.flyte/host.toml`.
//!
//! ```toml
//! plugins = ["acme"]        # as `FLYTE_PLUGIN`; written by `flyte-host plugin enable`
//! plugin-fallback = false   # as `FLYTE_PLUGIN_FALLBACK`
//! token-store = "auto"      # as `FLYTE_TOKEN_STORE`
//! sandbox-fallback = false  # without an endpoint, use the embedded sandbox, also in scripts and CI
//!
//! [plugin.acme]             # section of the plugin `acme`, which reads it with `Host::config`
//! team = "vision"
//! ```
//!
//! Flyte's configuration (endpoint, sign-in …) is not here: see `flyte_client::config`.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use auth::store::StoreKind;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml_edit::DocumentMut;

use flyte_client::{atomic_file, plain_text};

use crate::env;

/// The content of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The plugins, the one with precedence first; `None` if not set.
    #[serde(default)]
    pub plugins: Option<Vec<String>>,
    /// Continue without plugins that cannot be used.
    #[serde(default)]
    pub plugin_fallback: bool,
    /// Where sign-in tokens are stored; `None` if not set.
    #[serde(default, deserialize_with = "token_store")]
    pub token_store: Option<StoreKind>,
    /// Without an endpoint, use the embedded sandbox, also when stderr is not a terminal.
    #[serde(default)]
    pub sandbox_fallback: bool,
    /// The section of each plugin, by the plugin's name.
    #[serde(default)]
    pub plugin: BTreeMap<String, serde_json::Value>,
}

/// A key of the settings file, as the reference describes it.
#[derive(Clone, Copy, Debug)]
pub struct SettingDoc {
    /// The key.
    pub key: &'static str,
    /// The value that counts without the key, as TOML; empty if there is none.
    pub default: &'static str,
    /// The meaning, in Markdown.
    pub meaning: &'static str,
}

/// The keys of the settings file, for the reference.
pub const DOCUMENTED: [SettingDoc; 5] = [
    SettingDoc {
        key: "plugins",
        default: "[]",
        meaning: "Plugins to use, the first in front, as `FLYTE_PLUGIN`; written by `flyte-host plugin enable`",
    },
    SettingDoc {
        key: "plugin-fallback",
        default: "false",
        meaning: "Continue with a warning without a plugin that cannot be used, as `FLYTE_PLUGIN_FALLBACK`",
    },
    SettingDoc {
        key: "token-store",
        default: "\"auto\"",
        meaning: "Token store: `auto`, `keyring`, `file` or `none`, as `FLYTE_TOKEN_STORE`",
    },
    SettingDoc {
        key: "sandbox-fallback",
        default: "false",
        meaning: "Use the embedded sandbox if no endpoint is configured, also in scripts and CI",
    },
    SettingDoc {
        key: "plugin",
        default: "",
        meaning: "Settings of a plugin: the table `[plugin.NAME]`, which the plugin reads with `Host::config`",
    },
];

fn token_store<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StoreKind>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

/// Why the settings file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no home directory.
    #[error("no home directory")]
    NoHome,
    /// The file is not TOML, or has an unknown key.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        source: Box<toml_edit::de::Error>,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
}

impl SettingsError {
    /// The hint for the user.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoHome => Some(format!("set `{}` or `{}`", env::HOME, env::HOST_CONFIG)),
            Self::Parse { path, .. } => {
                Some(format!("fix the line in `{}`, or move the file away", path.display()))
            }
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}

impl Settings {
    /// The path of the settings file, which need not exist.
    ///
    /// # Errors
    ///
    /// [`SettingsError::NoHome`].
    pub fn path() -> Result<PathBuf, SettingsError> {
        if let Some(path) = env::text(env::HOST_CONFIG) {
            return Ok(path.into());
        }
        Ok(home().ok_or(SettingsError::NoHome)?.join(".flyte/host.toml"))
    }

    /// Reads the settings; the defaults if there is no file or no home directory.
    ///
    /// # Errors
    ///
    /// When the file exists and cannot be read or parsed.
    pub fn read() -> Result<Self, SettingsError> {
        let Ok(path) = Self::path() else { return Ok(Self::default()) };
        match plain_text::read(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsError::Read { path, source }),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, SettingsError> {
        toml_edit::de::from_str(text)
            .map_err(|source| SettingsError::Parse { path: path.to_owned(), source: Box::new(source) })
    }

    /// Sets the plugins in the file; the rest of it stays, comments included. Returns the path.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, parsed or replaced.
    pub fn write_plugins(chain: &[String]) -> Result<PathBuf, SettingsError> {
        let path = Self::path()?;
        let text = match plain_text::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(SettingsError::Read { path, source }),
        };
        Self::parse(&text, &path)?;
        let mut document: DocumentMut = text.parse().map_err(|source: toml_edit::TomlError| {
            SettingsError::Parse { path: path.clone(), source: Box::new(source.into()) }
        })?;
        let names: toml_edit::Array = chain.iter().map(String::as_str).collect();
        document["plugins"] = toml_edit::value(names);
        atomic_file::replace(&path, document.to_string().as_bytes())
            .map_err(|source| SettingsError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

/// The user's home directory, as the system's other tools see it.
#[must_use]
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented() {
        let error = Settings::parse("no-such-key = 1", Path::new("host.toml")).unwrap_err();
        let SettingsError::Parse { source, .. } = error else { panic!("{error}") };
        let keys = DOCUMENTED.map(|setting| format!("`{}`", setting.key)).join(", ");
        assert!(source.message().ends_with(&format!("expected one of {keys}")), "{}", source.message());
    }
}
