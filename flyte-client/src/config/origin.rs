//! Values that remember where they came from.
//!
//! "Where does this endpoint come from?" is the question behind most connection trouble, so no value of the
//! configuration travels without its [`Origin`].

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A value of the configuration, and the place that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in use.
    pub value: T,
    /// The place that set it.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// Pairs a value with its origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Setting { value, origin }
    }

    /// A built-in value; `reason` completes "default (…)", and may be empty.
    pub fn default_value(value: T, reason: &'static str) -> Self {
        Setting { value, origin: Origin::Default(Cow::Borrowed(reason)) }
    }

    /// Applies `change` to the value and keeps the origin.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}

/// The place that set a value. `Display` gives the words that messages and `config show` use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Not set; the text says why this value was chosen, and may be empty.
    Default(Cow<'static, str>),
    /// A key of the configuration file.
    File {
        /// The file in use.
        path: ConfigPath,
        /// The key as users write it: `admin.endpoint` in YAML, `platform.url` in INI.
        key: String,
    },
    /// A command-line flag, with its dashes.
    Flag(String),
    /// A plugin; the text names it, and the hook where that helps.
    Plugin(String),
    /// A default, where a plugin answered instead of the configuration and did not set the value; the text
    /// names the plugin.
    PluginDefault(String),
    /// An environment variable.
    Variable(String),
}

impl Origin {
    /// Where the user changes the value, to be put into a hint: "`admin.endpoint` in `~/.flyte/config.yaml`".
    ///
    /// `key` is the YAML spelling, for a value that is not set; a plugin's field has the name of its end.
    #[must_use]
    pub fn place_to_change(&self, key: &str) -> String {
        match self {
            Origin::Default(_) => format!("`{key}`"),
            Origin::File { path, key } => format!("`{key}` in `{path}`"),
            Origin::Flag(name) => format!("flag `{name}`"),
            Origin::Plugin(text) | Origin::PluginDefault(text) => {
                format!("`{}` in `get_remote` of plugin {text}", field(key))
            }
            Origin::Variable(name) => format!("variable `{name}`"),
        }
    }
}

/// `ca_cert_file_path` for `admin.caCertFilePath`.
fn field(key: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let mut field = String::new();
    let mut after_capital = true;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !after_capital {
            field.push('_');
        }
        after_capital = letter.is_ascii_uppercase();
        field.push(letter.to_ascii_lowercase());
    }
    field
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default(reason) if reason.is_empty() => f.write_str("default"),
            Origin::Default(reason) => write!(f, "default ({reason})"),
            Origin::File { path, key } => write!(f, "`{key}` in `{path}`"),
            Origin::Flag(name) => write!(f, "flag `{name}`"),
            Origin::Plugin(text) => write!(f, "plugin {text}"),
            Origin::PluginDefault(text) => write!(f, "default (plugin {text} does not set it)"),
            Origin::Variable(name) => write!(f, "variable `{name}`"),
        }
    }
}

/// A path that is shown with the home directory as `~`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPath(Arc<Named>);

/// Shared, so that every setting can carry its file, and errors stay small.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    path: PathBuf,
    shown: String,
}

impl ConfigPath {
    /// Prepares `path` for showing; `home` is abbreviated to `~`.
    pub fn new(path: impl Into<PathBuf>, home: Option<&Path>) -> Self {
        let path = path.into();
        let below_home =
            home.filter(|home| !home.as_os_str().is_empty()).and_then(|home| path.strip_prefix(home).ok());
        let shown = match below_home {
            Some(rest) => Path::new("~").join(rest).display().to_string(),
            None => path.display().to_string(),
        };
        ConfigPath(Arc::new(Named { path, shown }))
    }

    /// The path itself, for opening.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.shown)
    }
}

/// A value that must not reach a screen, a log or an error message: `Debug` and `Display` print `****`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Secret(secret.into())
    }

    /// The secret itself, for the one call that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_read_well_in_a_sentence() {
        let home = Path::new("/home/ada");
        let path = ConfigPath::new("/home/ada/.flyte/config.yaml", Some(home));
        let shown = |origin: Origin| origin.to_string();
        assert_eq!(shown(Origin::Variable("FLYTE_PLATFORM_URL".into())), "variable `FLYTE_PLATFORM_URL`");
        assert_eq!(
            shown(Origin::File { path, key: "admin.endpoint".into() }),
            "`admin.endpoint` in `~/.flyte/config.yaml`"
        );
        assert_eq!(shown(Origin::Flag("--project".into())), "flag `--project`");
        assert_eq!(shown(Origin::Plugin("`acme` (get_remote)".into())), "plugin `acme` (get_remote)");
        assert_eq!(shown(Origin::Default("".into())), "default");
        assert_eq!(shown(Origin::Default("sandbox".into())), "default (sandbox)");
    }

    #[test]
    fn paths_outside_home_stay_whole() {
        let shown = |path: &str, home: Option<&str>| ConfigPath::new(path, home.map(Path::new)).to_string();
        assert_eq!(shown("/etc/flyte.yaml", Some("/home/ada")), "/etc/flyte.yaml");
        assert_eq!(shown("/home/adam/x", Some("/home/ada")), "/home/adam/x");
        assert_eq!(shown("/x", Some("")), "/x");
        assert_eq!(shown("/x", None), "/x");
    }

    #[test]
    fn a_secret_never_shows() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "**** **** Some(****)");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn places_to_change() {
        let key = "admin.insecure";
        assert_eq!(Origin::Default("".into()).place_to_change(key), "`admin.insecure`");
        assert_eq!(Origin::Variable("X".into()).place_to_change(key), "variable `X`");
        assert_eq!(Origin::Flag("--x".into()).place_to_change(key), "flag `--x`");
        let of_plugin = |key| Origin::PluginDefault("`acme`".into()).place_to_change(key);
        for (key, field) in [
            (key, "insecure"),
            ("admin.caCertFilePath", "ca_cert_file_path"),
            ("admin.httpProxyURL", "http_proxy_url"),
            ("admin.insecureSkipVerify", "insecure_skip_verify"),
            ("auth_mode", "auth_mode"),
        ] {
            assert_eq!(of_plugin(key), format!("`{field}` in `get_remote` of plugin `acme`"));
        }
    }
}
