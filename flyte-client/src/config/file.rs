//! The configuration file in use.

use super::error::Error;
use super::origin::{ConfigPath, Origin};
use super::{ini, yaml};
use crate::plain_text;

/// A parsed configuration file. One file is read; INI and YAML are never merged.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub(super) path: ConfigPath,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Ini(ini::Ini),
    Yaml(yaml::Value),
}

impl ConfigFile {
    /// Reads the file; its name decides about the format, as in flytekit: `…yaml` and `…yml` are YAML, all else INI.
    pub(super) fn read(path: ConfigPath) -> Result<ConfigFile, Error> {
        let text = match plain_text::read(path.path()) {
            Ok(text) => text,
            Err(source) => return Err(Error::Unreadable { path, source }),
        };
        let name = path.path().to_string_lossy();
        let content = match name.ends_with("yaml") || name.ends_with("yml") {
            true => Content::Yaml(read_yaml(&text, &path)?),
            false => Content::Ini(read_ini(&text, &path)?),
        };
        Ok(ConfigFile { path, content })
    }

    /// The origin of a value of this file.
    pub(super) fn origin(&self, key: impl Into<String>) -> Origin {
        Origin::File { path: self.path.clone(), key: key.into() }
    }
}

fn read_yaml(text: &str, path: &ConfigPath) -> Result<yaml::Value, Error> {
    let broken = |line, column, message| Error::Syntax { path: path.clone(), line, column, message };
    match yaml::Value::parse(text) {
        Ok(root @ (yaml::Value::Map(_) | yaml::Value::Null)) => Ok(root),
        Ok(other) => Err(broken(1, None, format!("the file is {}; a map is expected", other.kind()))),
        Err(error) => Err(broken(error.line, Some(error.column), error.message)),
    }
}

fn read_ini(text: &str, path: &ConfigPath) -> Result<ini::Ini, Error> {
    let ini = ini::Ini::parse(text).map_err(|error| Error::Syntax {
        path: path.clone(),
        line: error.line,
        column: None,
        message: error.message,
    })?;
    match ini.has_section("internal") {
        true => Err(Error::InternalSection { path: path.clone() }),
        false => Ok(ini),
    }
}
