//! What the configuration wants: how to sign in, once the server asks for it.

use std::path::PathBuf;

use remote::config::{Connection, Secret};

/// A token that somebody put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticToken {
    /// In a variable.
    Variable {
        /// Its name.
        name: String,
        /// The token.
        token: Secret,
    },
    /// In a file, which somebody may replace while the program runs.
    File(PathBuf),
}

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// A person at the browser, or with a second device.
    Browser,
    /// A program's id and secret.
    ClientCredentials {
        /// The OAuth client.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// A command that prints a token.
    Command(Vec<String>),
    /// A person with a second device.
    Device,
    /// A token that is there already.
    Static(StaticToken),
}

/// The configuration names a way to sign in, and not what it takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// `ExternalCommand` without a command.
    #[error("the sign-in mode is `ExternalCommand`, and there is no command")]
    NoCommand,
    /// `ClientSecret` without an id or a secret.
    #[error("the sign-in mode is `ClientSecret`, and there is no {missing}")]
    NoCredentials {
        /// What is missing, such as "client secret".
        missing: &'static str,
    },
}

impl Method {
    /// The way of a connection; a token that is there already goes before everything else.
    ///
    /// # Errors
    ///
    /// When the configuration does not say what its sign-in mode takes.
    pub fn of(connection: &Connection, token: Option<StaticToken>) -> Result<Self, MethodError> {
        let _ = (connection, token);
        todo!()
    }
}
