//! The host's own settings: `~/.flyte/host.toml`.
//!
//! ```toml
//! plugins = ["acme"]        # what `FLYTE_PLUGIN` would say; `flyte-host plugin enable` writes it
//! plugin-fallback = false   # what `FLYTE_PLUGIN_FALLBACK` would say
//! token-store = "auto"      # what `FLYTE_TOKEN_STORE` would say
//! sandbox-fallback = false  # use the embedded sandbox where no endpoint is configured, also in scripts and CI
//!
//! [plugin.acme]             # Acme's own section: its plugin reads it with `Host::config`
//! team = "vision"
//! ```
//!
//! Flyte's configuration (endpoint, sign-in …) is not here: see `flyte_client::config`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use auth::store::Choice;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml_edit::DocumentMut;

use flyte_client::plain_text;

use crate::env;

/// What the settings file says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The chain of plugins, the first in front; `None` if the file does not say.
    #[serde(default)]
    pub plugins: Option<Vec<String>>,
    /// Go on without a plugin that cannot be used.
    #[serde(default)]
    pub plugin_fallback: bool,
    /// Where the tokens of a sign-in are kept; `None` if the file does not say.
    #[serde(default, deserialize_with = "token_store")]
    pub token_store: Option<Choice>,
    /// Use the embedded sandbox where no endpoint is configured, whether or not somebody sees it.
    #[serde(default)]
    pub sandbox_fallback: bool,
    /// Each plugin's own section, by the plugin's name.
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

fn token_store<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Choice>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

/// Why the settings file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no home directory to look in.
    #[error("there is no home directory")]
    NoHome,
    /// It is not TOML, or has a key that means nothing.
    #[error("`{}` is not a settings file of flyte-host", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        source: Box<toml_edit::de::Error>,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SettingsError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoHome => Some(format!("set `{}` or `{}`", env::HOME, env::HOST_CONFIG)),
            Self::Parse { path, .. } => {
                Some(format!("mend the line in `{}`, or move the file away", path.display()))
            }
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}

impl Settings {
    /// Where the settings are.
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

    /// Reads the settings; without a file, or a home to look in, there are none.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read or understood.
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

    /// Makes a chain of plugins permanent; everything else in the file stays, comments included.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, understood, or replaced.
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
        replace(&path, &document.to_string())
            .map_err(|source| SettingsError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

/// Writes beside the file and renames, so that no reader ever sees half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder.join(name);
    fs::write(&temporary, text)?;
    fs::rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
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
