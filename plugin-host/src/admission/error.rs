//! Why a file may not be loaded.

use std::{io, path::PathBuf};

use crate::signature::{SignatureError, signature_path};

/// Why a plugin may not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// Its compiler is denied.
    #[error("plugin `{name}` was built with rustc {compiler}, which {rules} denies")]
    Compiler {
        /// The plugin.
        name: String,
        /// The compiler's version.
        compiler: String,
        /// Who denies it.
        rules: String,
    },
    /// Its content is denied.
    #[error("this file of plugin `{name}` is denied by {rules}")]
    Content {
        /// The plugin.
        name: String,
        /// SHA-256 in lower-case hex.
        sha256: String,
        /// Who denies it.
        rules: String,
    },
    /// Its publisher is denied.
    #[error("plugin `{name}` is signed by key `{key}`, which {rules} denies")]
    DeniedKey {
        /// The plugin.
        name: String,
        /// The number of the key.
        key: String,
        /// Who denies it.
        rules: String,
    },
    /// The lock file cannot be used.
    #[error("cannot use `{}`: {reason}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is where an installed plugin is, and has other content.
    #[error("the file of plugin `{name}` is not the one that was installed")]
    NotInstalled {
        /// The plugin.
        name: String,
        /// Its file.
        path: PathBuf,
        /// The lock file.
        lock_file: PathBuf,
        /// SHA-256 of the file in lower-case hex.
        sha256: String,
    },
    /// It has no signature, and must have one.
    #[error("plugin `{name}` is not signed, and {rules} allows only signed plugins")]
    NotSigned {
        /// The plugin.
        name: String,
        /// Its file.
        path: PathBuf,
        /// Who requires it.
        rules: String,
    },
    /// None of the allowed keys signed it.
    #[error("plugin `{name}` is signed by key `{key}`, which {rules} does not allow")]
    OtherKey {
        /// The plugin.
        name: String,
        /// The number of the key.
        key: String,
        /// Who allows others.
        rules: String,
    },
    /// Its content cannot be hashed.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its signature is not one of its content.
    #[error("plugin `{name}`: its signature is invalid")]
    Signature {
        /// The plugin.
        name: String,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// Its version is denied.
    #[error("plugin `{name}` {version} is denied by {rules}")]
    Version {
        /// The plugin.
        name: String,
        /// Its version.
        version: String,
        /// Who denies it.
        rules: String,
    },
}

impl AdmissionError {
    /// The facts that are not in the message.
    #[must_use]
    pub fn details(&self) -> Option<String> {
        match self {
            Self::NotInstalled { path, lock_file, sha256, .. } => Some(format!(
                "`{}` has SHA-256 `{sha256}`, which is not in `{}`",
                path.display(),
                lock_file.display()
            )),
            Self::Content { sha256, .. } => Some(format!("its SHA-256 is `{sha256}`")),
            Self::NotSigned { path, .. } => Some(format!("there is no `{}`", signature_path(path).display())),
            _ => None,
        }
    }

    /// What the user can do about it; starts with a verb.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Compiler { .. } | Self::Version { .. } => {
                Some("run `flyte-host plugin update` to install another version".to_owned())
            }
            Self::Content { .. } | Self::DeniedKey { .. } => {
                Some("use `--no-plugins` to run without it, or install another plugin".to_owned())
            }
            Self::LockFile { .. } => {
                Some("restore the file, or move it away and install the plugins again".to_owned())
            }
            Self::NotInstalled { name, .. } => Some(format!(
                "run `flyte-host plugin remove {name}`, then install it again; to use a file of your own, pass its path"
            )),
            Self::NotSigned { .. } | Self::OtherKey { .. } => {
                Some("install a version that an allowed key signed".to_owned())
            }
            Self::Signature { .. } => Some("install the plugin again".to_owned()),
            Self::Read { .. } => None,
        }
    }
}
