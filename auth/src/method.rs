//! The configured authentication method.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use flyte_client::config::{AuthMode, Connection, Origin, Secret};

use crate::{
    Flow, Tokens,
    token::parse::{self, TokenSyntaxError},
};

/// A token that the user set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticToken {
    /// In an environment variable.
    Variable {
        /// Its name.
        name: String,
        /// The token.
        token: Secret,
    },
    /// In a file, which may be replaced while the program runs.
    File(PathBuf),
}

/// A static token cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaticTokenError {
    /// The text is not a token.
    #[error("invalid token in {location}: {flaw}")]
    Syntax {
        /// Where it is set, such as "variable `FLYTE_ACCESS_TOKEN`".
        location: String,
        /// The syntax error.
        flaw: TokenSyntaxError,
    },
    /// The file cannot be read.
    #[error("could not read the token from {location}")]
    Read {
        /// The file.
        location: String,
        /// The system's error.
        source: io::Error,
    },
}

impl StaticToken {
    /// Where it is set, for messages.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Variable { name, .. } => format!("variable `{name}`"),
            Self::File(path) => format!("`{}`", path.display()),
        }
    }

    /// Reads the token. A file is read each time.
    pub(crate) fn read(&self) -> Result<Secret, StaticTokenError> {
        let text = match self {
            Self::Variable { token, .. } => token.reveal().as_bytes().to_vec(),
            Self::File(path) => {
                let mut text = Vec::new();
                let limit = u64::try_from(parse::MAX_LENGTH + 1).unwrap_or(u64::MAX);
                File::open(path)
                    .and_then(|file| file.take(limit).read_to_end(&mut text))
                    .map_err(|source| StaticTokenError::Read { location: self.location(), source })?;
                text
            }
        };
        parse::parse_token(&text).map_err(|flaw| StaticTokenError::Syntax { location: self.location(), flaw })
    }
}

/// How to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// Interactive, with the browser.
    Browser,
    /// OAuth client credentials.
    ClientCredentials {
        /// The OAuth client.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// A command that prints a token.
    Command(Vec<String>),
    /// Interactive, with the device flow.
    Device,
    /// A token that the user set.
    Static(StaticToken),
}

/// The configuration selects a method, and lacks a setting that it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthMethodError {
    /// `ExternalCommand` without a command.
    #[error("missing command for sign-in mode `ExternalCommand` ({mode})")]
    NoCommand {
        /// Where the mode is set.
        mode: Origin,
        /// Where the command could be set.
        command: Origin,
    },
    /// `ClientSecret` without an id or a secret.
    #[error("missing {missing} for sign-in mode `ClientSecret` ({mode})")]
    NoCredentials {
        /// Where the mode is set.
        mode: Origin,
        /// What is missing, such as "client secret".
        missing: &'static str,
        /// Where it could be set.
        origin: Origin,
    },
}

impl AuthMethodError {
    /// What the user can set, and where.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoCommand { mode, command } => {
                setting(mode, command, "admin.command", "", "FLYTE_CREDENTIALS_COMMAND")
            }
            Self::NoCredentials { mode, missing: CLIENT_ID, origin } => {
                setting(mode, origin, "admin.clientId", "", "FLYTE_CREDENTIALS_CLIENT_ID")
            }
            Self::NoCredentials { mode, origin, .. } => {
                let (key, variable) = ("admin.clientSecretLocation", "FLYTE_CREDENTIALS_CLIENT_SECRET");
                setting(mode, origin, key, " to the file with the secret", variable)
            }
        }
    }
}

/// Where to set a missing value: where the plugin or the file is that sets the mode, if one does.
fn setting(mode: &Origin, value: &Origin, key: &str, to: &str, variable: &str) -> String {
    let is_plugin = |origin: &&Origin| matches!(origin, Origin::Plugin(_) | Origin::PluginDefault(_));
    match ([value, mode].into_iter().find(is_plugin), mode) {
        (Some(plugin), _) => format!("set {}", plugin.place_to_change(key.trim_end_matches("Location"))),
        (None, Origin::File { path, key: mode_key }) if mode_key == "admin.authType" => {
            format!("set `{key}` in `{path}`{to}, or set `{variable}`")
        }
        _ => format!("set `{key}` in the configuration{to}, or set `{variable}`"),
    }
}

const CLIENT_ID: &str = "client id";

impl AuthMethod {
    /// The method of a connection: a static token takes precedence, then `admin.authType`, which a client
    /// secret from a file or a named variable has already changed (as in flytekit, `PlatformConfig.auto`).
    ///
    /// # Errors
    ///
    /// If the configuration lacks a setting that the method needs.
    pub fn from_connection(
        connection: &Connection,
        token: Option<StaticToken>,
    ) -> Result<Self, AuthMethodError> {
        if let Some(token) = token {
            return Ok(Self::Static(token));
        }
        match connection.auth_mode.value {
            AuthMode::ClientSecret => {
                let mode = &connection.auth_mode.origin;
                let missing = |missing, origin: &Origin| AuthMethodError::NoCredentials {
                    mode: mode.clone(),
                    missing,
                    origin: origin.clone(),
                };
                let (id, secret) = (&connection.client_id, &connection.client_secret);
                let client_id = id.value.clone().filter(|id| !id.is_empty());
                Ok(Self::ClientCredentials {
                    client_id: client_id.ok_or_else(|| missing(CLIENT_ID, &id.origin))?,
                    secret: secret.value.clone().ok_or_else(|| missing("client secret", &secret.origin))?,
                })
            }
            AuthMode::DeviceFlow => Ok(Self::Device),
            AuthMode::ExternalCommand => match connection.command.value.as_slice() {
                [] => Err(AuthMethodError::NoCommand {
                    mode: connection.auth_mode.origin.clone(),
                    command: connection.command.origin.clone(),
                }),
                command => Ok(Self::Command(command.to_vec())),
            },
            AuthMode::Pkce => Ok(Self::Browser),
        }
    }

    /// Whether stored tokens are those that this method would acquire. Browser and device tokens are
    /// interchangeable.
    pub(crate) fn may_use(&self, tokens: &Tokens) -> bool {
        match self {
            Self::Browser | Self::Device => matches!(tokens.flow, Flow::Browser | Flow::Device),
            Self::ClientCredentials { client_id, .. } => {
                tokens.flow == Flow::ClientCredentials && tokens.client_id == *client_id
            }
            Self::Command(_) | Self::Static(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use flyte_client::config::Setting;

    use super::*;
    use crate::testing::connection;

    fn method(mode: AuthMode, change: impl FnOnce(&mut Connection)) -> Result<AuthMethod, AuthMethodError> {
        let mut connection = connection();
        connection.auth_mode = Setting::default_value(mode, "");
        change(&mut connection);
        AuthMethod::from_connection(&connection, None)
    }

    fn with_client(connection: &mut Connection) {
        connection.client_id.value = Some("robot".to_owned());
        connection.client_secret.value = Some(Secret::new("very secret"));
    }

    #[test]
    fn each_mode_requires_its_settings() {
        assert_eq!(
            method(AuthMode::Pkce, with_client),
            Ok(AuthMethod::Browser),
            "a secret alone does not change the mode"
        );
        assert_eq!(method(AuthMode::DeviceFlow, |_| {}), Ok(AuthMethod::Device));
        let without_command = method(AuthMode::ExternalCommand, |_| {}).unwrap_err();
        assert_eq!(
            without_command.to_string(),
            "missing command for sign-in mode `ExternalCommand` (default)"
        );
        assert!(without_command.hint().starts_with("set `admin.command` in the configuration"));
        let from_plugin =
            method(AuthMode::ExternalCommand, |connection| connection.note_plugin_defaults("acme"));
        assert_eq!(from_plugin.unwrap_err().hint(), "set `command` in `get_remote` of plugin `acme`");
        let secret = Secret::new("very secret");
        let robot = AuthMethod::ClientCredentials { client_id: "robot".to_owned(), secret };
        assert_eq!(method(AuthMode::ClientSecret, with_client), Ok(robot));
        let missing =
            |change: fn(&mut Connection)| method(AuthMode::ClientSecret, change).unwrap_err().to_string();
        assert_eq!(missing(|_| {}), "missing client id for sign-in mode `ClientSecret` (default)");
        let without_secret = missing(|connection| connection.client_id.value = Some("robot".to_owned()));
        assert_eq!(without_secret, "missing client secret for sign-in mode `ClientSecret` (default)");
    }

    #[test]
    fn a_static_token_takes_precedence() {
        let token = StaticToken::File("/run/token".into());
        assert_eq!(
            AuthMethod::from_connection(&connection(), Some(token.clone())),
            Ok(AuthMethod::Static(token))
        );
    }

    #[test]
    fn a_file_is_read_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let token = StaticToken::File(file.path().to_owned());
        assert!(token.read().unwrap_err().to_string().ends_with(": empty"));
        for text in ["one", "two"] {
            std::fs::write(file.path(), format!("{text}\n")).unwrap();
            assert_eq!(token.read().unwrap().reveal(), text);
        }
        let missing = StaticToken::File("/nowhere/token".into()).read().unwrap_err();
        assert_eq!(missing.to_string(), "could not read the token from `/nowhere/token`");
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let token = Secret::new("very secret");
        let variable = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token };
        let shown =
            format!("{:?} {:?}", AuthMethod::Static(variable), method(AuthMode::ClientSecret, with_client));
        assert!(!shown.contains("very"), "{shown}");
        let spaced = Secret::new("very secret");
        let variable = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token: spaced };
        let error = variable.read().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("very"), "{error}");
    }
}
