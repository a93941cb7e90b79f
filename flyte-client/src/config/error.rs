//! Why a configuration cannot be used.

use std::io;

use super::endpoint::EndpointError;
use super::origin::{ConfigPath, Origin};

/// A configuration that cannot be used; every variant names the file, key or variable to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The sign-in mode is none that Flyte knows.
    #[error("{origin}: unknown authentication mode `{value}`")]
    AuthMode {
        /// What was asked for.
        value: String,
        /// Who asked.
        origin: Origin,
    },
    /// The endpoint cannot be one.
    #[error("{origin}: invalid endpoint")]
    Endpoint {
        /// Who set it.
        origin: Origin,
        /// What is wrong with it.
        source: EndpointError,
    },
    /// An INI file has a section that flytekit keeps for itself.
    #[error("configuration file `{path}` has a section `[internal]`, which is reserved")]
    InternalSection {
        /// The file in use.
        path: ConfigPath,
    },
    /// The file that was asked for does not exist.
    #[error("configuration file `{path}` does not exist")]
    Missing {
        /// The file that was asked for.
        path: ConfigPath,
        /// Who asked for it.
        origin: Origin,
        /// A file beside it that was perhaps meant.
        near: Option<ConfigPath>,
    },
    /// A variable that counts has a value that cannot be read.
    #[error("variable `{variable}` is not UTF-8")]
    NotUtf8 {
        /// Its name.
        variable: String,
    },
    /// The file with the client secret cannot be read.
    #[error("{origin}: could not read the secret file `{path}`")]
    SecretFile {
        /// The file with the secret.
        path: ConfigPath,
        /// Who named it.
        origin: Origin,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is not YAML or INI.
    #[error("configuration file `{path}` has a syntax error at line {line}{}: {message}", at_column(*column))]
    Syntax {
        /// The file in use.
        path: ConfigPath,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, where it is known.
        column: Option<usize>,
        /// What the parser saw.
        message: String,
    },
    /// The file exists and cannot be read.
    #[error("could not read configuration file `{path}`")]
    Unreadable {
        /// The file in use.
        path: ConfigPath,
        /// The system's answer.
        source: io::Error,
    },
    /// A value has the wrong kind.
    #[error("{origin} {problem}")]
    Value {
        /// Who set it.
        origin: Origin,
        /// Completes the sentence: "must be a string, not a list".
        problem: String,
    },
}

fn at_column(column: Option<usize>) -> String {
    column.map_or_else(String::new, |column| format!(", column {column}"))
}

impl ConfigError {
    /// What the reader can do now.
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::AuthMode { .. } => {
                Some(format!("write one of {}", super::AuthMode::accepted_names()))
            }
            ConfigError::Endpoint { source, .. } => source.hint(),
            ConfigError::InternalSection { .. } => Some("rename or delete the section".to_owned()),
            ConfigError::Missing { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            ConfigError::Missing { origin: Origin::Variable(name), .. } => {
                Some(format!("correct the path, or unset `{name}`"))
            }
            ConfigError::Missing { .. } => Some("correct the path, or omit `--config`".to_owned()),
            ConfigError::NotUtf8 { variable } => {
                Some(format!("set `{variable}` again, without bytes that are not UTF-8, or unset it"))
            }
            ConfigError::SecretFile { .. } => {
                Some("a relative path starts at the current directory, and `~` is not expanded".to_owned())
            }
            ConfigError::Syntax { .. } | ConfigError::Unreadable { .. } | ConfigError::Value { .. } => None,
        }
    }
}
