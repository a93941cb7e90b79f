//! The configuration file in use.

use super::error::ConfigError;
use super::origin::{ConfigPath, Origin};
use super::{ini, yaml};
use crate::plain_text;

/// A parsed configuration file. One file is read; INI and YAML are never merged.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub(super) path: ConfigPath,
    pub(super) content: ConfigContent,
}

#[derive(Clone, Debug)]
pub(super) enum ConfigContent {
    Ini(ini::Ini),
    Yaml(yaml::Value),
}

impl ConfigFile {
    /// Reads the file; its name decides about the format, as in flytekit: `…yaml` and `…yml` are YAML, all
    /// else INI.
    pub(super) fn read(path: ConfigPath) -> Result<ConfigFile, ConfigError> {
        let text = match plain_text::read(path.path()) {
            Ok(text) => text,
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        let name = path.path().to_string_lossy();
        let content = if name.ends_with("yaml") || name.ends_with("yml") {
            ConfigContent::Yaml(read_yaml(&text, &path)?)
        } else {
            ConfigContent::Ini(read_ini(&text, &path)?)
        };
        Ok(ConfigFile { path, content })
    }

    /// The origin of a value of this file.
    pub(super) fn origin(&self, key: impl Into<String>) -> Origin {
        Origin::File { path: self.path.clone(), key: key.into() }
    }
}

fn read_yaml(text: &str, path: &ConfigPath) -> Result<yaml::Value, ConfigError> {
    let broken = |line, column, message| ConfigError::Syntax { path: path.clone(), line, column, message };
    match yaml::Value::parse(text) {
        Ok(root @ (yaml::Value::Map(_) | yaml::Value::Null)) => Ok(root),
        Ok(other) => Err(broken(1, None, format!("the file must be a map, not {}", other.kind()))),
        Err(error) => Err(broken(error.line, Some(error.column), error.message)),
    }
}

fn read_ini(text: &str, path: &ConfigPath) -> Result<ini::Ini, ConfigError> {
    let ini = ini::Ini::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.clone(),
        line: error.line,
        column: None,
        message: error.message,
    })?;
    match ini.has_section("internal") {
        true => Err(ConfigError::InternalSection { path: path.clone() }),
        false => Ok(ini),
    }
}
