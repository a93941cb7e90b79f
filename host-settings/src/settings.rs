//! The host's own settings: `~/.flyte/host.toml`.
//!
//! ```toml
//! plugins = ["acme"]        # as `FLYTE_PLUGIN`; written by `flyte-host plugin enable`
//! plugin-fallback = false   # as `FLYTE_PLUGIN_FALLBACK`
//! plugin-timeout = 60       # as `FLYTE_PLUGIN_TIMEOUT`
//! token-store = "auto"      # as `FLYTE_TOKEN_STORE`
//! sandbox-fallback = false  # without an endpoint, use the embedded sandbox, also in scripts and CI
//!
//! [pin.acme]                # content of the plugin's file, written by `flyte-host plugin enable`
//! sha256 = "5d41402abc4b2a76…"
//! stamp = "64769:1835009:1418240:…"
//!
//! [plugin.acme]             # section of the plugin `acme`, which reads it with `Host::config`
//! team = "vision"
//!
//! [isolation.acme]          # the process of the plugin `acme`
//! isolate = true            # as `--isolate`, for this plugin
//!
//! [[repositories]]          # where `flyte-host plugin install NAME` looks
//! name = "acme"
//! url = "https://plugins.acme.example/flyte"
//! key = "RWQf6LRC…"         # of the publisher
//!
//! [trust]                   # whose plugins may be loaded
//! deny-rustc = ["1.98.0"]
//! ```
//!
//! Flyte's configuration (endpoint, sign-in …) is not here: see `flyte_client::config`.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde::{Deserialize, Deserializer, de::Error as _};
use toml_edit::{DocumentMut, Item, Table};

use flyte_client::{atomic_file, plain_text};
use plugin_host::Pin;

use crate::env;

mod administrator;
#[cfg(target_os = "linux")]
pub mod isolation;

mod pin;
mod trust;

use pin::pins;

pub use administrator::{AdministratorSettings, administrator_file, set_administrator_file};
pub use pin::PinSetting;
pub use trust::{RepositorySetting, TrustSettings};

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
    /// Timeout in seconds of a plugin's function; `None` if not set, 0 for none.
    #[serde(default)]
    pub plugin_timeout: Option<f64>,
    /// Where sign-in tokens are stored; `None` if not set.
    #[serde(default, deserialize_with = "token_store")]
    pub token_store: Option<String>,
    /// Without an endpoint, use the embedded sandbox, also when stderr is not a terminal.
    #[serde(default)]
    pub sandbox_fallback: bool,
    /// The content of each plugin's file, by its name or path as in `plugins`.
    #[serde(default)]
    pub pin: BTreeMap<String, PinSetting>,
    /// The section of each plugin, by the plugin's name.
    #[serde(default)]
    pub plugin: BTreeMap<String, serde_json::Value>,
    /// What each plugin may do in a process of its own, by the plugin's name.
    #[cfg(target_os = "linux")]
    #[serde(default)]
    pub isolation: isolation::IsolationTables,
    /// Where plugins are installed from.
    #[serde(default)]
    pub repositories: Vec<RepositorySetting>,
    /// Whose plugins may be loaded.
    #[serde(default)]
    pub trust: TrustSettings,
    /// What the user cannot undo.
    #[serde(skip)]
    pub administrator: AdministratorSettings,
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
pub const DOCUMENTED: [SettingDoc; 10] = [
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
        key: "plugin-timeout",
        default: "60",
        meaning: "Timeout in seconds of a function of a plugin, other than its commands, as `FLYTE_PLUGIN_TIMEOUT`; `0`: no timeout",
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
        key: "pin",
        default: "",
        meaning: "Content of an enabled plugin's file: the table `[pin.NAME]`, written by `flyte-host plugin enable`. A file that changed since then is refused",
    },
    SettingDoc {
        key: "plugin",
        default: "",
        meaning: "Settings of a plugin: the table `[plugin.NAME]`, which the plugin reads with `Host::config`",
    },
    SettingDoc {
        key: "isolation",
        default: "",
        meaning: "Isolation of a plugin: the table `[isolation.NAME]` with `isolate`, `network`, `read`, `write`, `environment`, `memory`, `cpu`, `timeout` and `restarts`; `[isolation.\"*\"]`: of every plugin without a table",
    },
    SettingDoc {
        key: "repositories",
        default: "[]",
        meaning: "Repositories of plugins: tables `[[repositories]]` with `name`, `url`, the publisher's `key`, and `token-file` for a server that requires a token",
    },
    SettingDoc {
        key: "trust",
        default: "",
        meaning: "Plugins that are refused: the table `[trust]` with `allow-keys`, `deny-keys`, `deny-sha256`, `deny-rustc` and `deny`",
    },
];

/// The names of the token stores.
pub const TOKEN_STORES: [&str; 4] = ["auto", "keyring", "file", "none"];

fn token_store<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if !TOKEN_STORES.contains(&text.as_str()) {
        let expected = "expected `auto`, `keyring`, `file` or `none`";
        return Err(D::Error::custom(format_args!("unknown token store `{text}`; {expected}")));
    }
    Ok(Some(text))
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
    /// When this or the administrator's file exists and cannot be read or parsed.
    pub fn read() -> Result<Self, SettingsError> {
        let administrator = Self::read_administrators()?;
        Ok(Self { administrator, ..Self::read_users()? })
    }

    fn read_administrators() -> Result<AdministratorSettings, SettingsError> {
        let path = administrator_file();
        match plain_text::read(path) {
            Ok(text) => toml_edit::de::from_str(&text)
                .map_err(|source| SettingsError::Parse { path: path.to_owned(), source: Box::new(source) }),
            Err(error) if is_absent(&error) => Ok(AdministratorSettings::default()),
            Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
        }
    }

    fn read_users() -> Result<Self, SettingsError> {
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

    /// The pins of the enabled plugins.
    #[must_use]
    pub fn pins(&self) -> BTreeMap<String, Pin> {
        pins(&self.pin)
    }

    /// Sets the plugins and their pins in the file; the rest of it stays, comments included. Returns the
    /// path.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, parsed or replaced.
    pub fn write_plugins(chain: &[String], pins: &BTreeMap<String, Pin>) -> Result<PathBuf, SettingsError> {
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
        set_pins(&mut document, chain, pins);
        atomic_file::replace(&path, document.to_string().as_bytes())
            .map_err(|source| SettingsError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Writes the pins of the plugins of a chain, and removes all others.
fn set_pins(document: &mut DocumentMut, chain: &[String], pins: &BTreeMap<String, Pin>) {
    document.remove("pin");
    let mut tables = Table::new();
    tables.set_implicit(true);
    for (spec, pin) in pins.iter().filter(|(spec, _)| chain.contains(spec)) {
        let values = [("sha256", pin.sha256.as_str()), ("stamp", pin.stamp.as_str())];
        let table: Table = values.into_iter().collect();
        tables.insert(spec, Item::Table(table));
    }
    if !tables.is_empty() {
        document.insert("pin", Item::Table(tables));
    }
}

/// The user's home directory, as the system's other tools see it.
#[must_use]
pub fn home() -> Option<PathBuf> {
    static HOME: OnceLock<Option<PathBuf>> = OnceLock::new();
    // Read once: plugins may change the environment.
    HOME.get_or_init(|| std::env::home_dir().filter(|home| !home.as_os_str().is_empty())).clone()
}

/// The user's folder for state of programs.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let named = env::text(env::STATE_HOME).map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| home().map(|home| home.join(".local").join("state")))
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

    #[test]
    fn a_pin_is_written_for_the_plugins_of_the_chain_only() {
        let pin = |sha256: &str| Pin { sha256: sha256.to_owned(), stamp: "1:2:3".to_owned() };
        let pins = BTreeMap::from([("acme".to_owned(), pin("aa")), ("/opt/lib x.so".to_owned(), pin("bb"))]);
        let mut document: DocumentMut =
            "# Ours.\nplugins = []\n\n[plugin.acme]\nteam = 'a'\n".parse().unwrap();
        set_pins(&mut document, &["acme".to_owned(), "/opt/lib x.so".to_owned()], &pins);
        let text = document.to_string();
        assert_eq!(Settings::parse(&text, Path::new("host.toml")).unwrap().pins(), pins, "{text}");
        assert!(
            text.starts_with("# Ours.\nplugins = []\n") && text.contains("[plugin.acme]\nteam = 'a'\n"),
            "{text}"
        );
        set_pins(&mut document, &["acme".to_owned()], &pins);
        assert_eq!(Settings::parse(&document.to_string(), Path::new("")).unwrap().pins().len(), 1);
        set_pins(&mut document, &[], &pins);
        assert_eq!(document.to_string(), "# Ours.\nplugins = []\n\n[plugin.acme]\nteam = 'a'\n");
    }
}
