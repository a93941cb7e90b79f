//! A plugin's identity, for messages.

use std::{fmt, sync::OnceLock};

use crate::preflight::Passport;

static BYPASS: OnceLock<&'static str> = OnceLock::new();

/// Sets how users run this program without plugins, for hints: a verb and its object. Later calls have no
/// effect. Without one, hints name flyte-host's option.
pub fn set_bypass(hint: &'static str) {
    BYPASS.get_or_init(|| hint);
}

/// How users run this program without plugins.
pub(crate) fn bypass() -> &'static str {
    BYPASS.get().copied().unwrap_or("use `--no-plugins`")
}

/// The name that stands for no plugin: the built-in default.
pub const BUILTIN: &str = "builtin";

/// Name, version and homepage of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where bugs are reported.
    pub homepage: Option<String>,
}

impl Identity {
    /// The identity in a passport.
    #[must_use]
    pub fn from_passport(passport: &Passport) -> Self {
        Self {
            name: passport.name().to_owned(),
            version: passport.version().to_owned(),
            homepage: passport.homepage().map(str::to_owned),
        }
    }

    /// The hint for a bug in the plugin: where to report it.
    #[must_use]
    pub fn report_hint(&self) -> String {
        match &self.homepage {
            Some(homepage) => format!("report this plugin bug at <{homepage}>"),
            None => "report this plugin bug to its author".to_owned(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}` {}", self.name, self.version)
    }
}
