//! What the configuration wants: how to sign in, once the server asks for it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use flyte_client::config::{AuthMode, Connection, Origin, Secret};

use crate::{
    Flow, Tokens,
    token::parse::{self, Flaw},
};

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

/// Why a token that somebody put there cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaticTokenError {
    /// It is none.
    #[error("{place}, which should hold a token, holds {flaw}")]
    Flaw {
        /// Where it is, such as "variable `FLYTE_ACCESS_TOKEN`".
        place: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// The file cannot be read.
    #[error("{place}, which should hold a token, cannot be read")]
    Read {
        /// The file.
        place: String,
        /// What the system says.
        source: io::Error,
    },
}

impl StaticToken {
    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Variable { name, .. } => format!("variable `{name}`"),
            Self::File(path) => format!("`{}`", path.display()),
        }
    }

    /// The token as it is now.
    pub(crate) fn read(&self) -> Result<Secret, StaticTokenError> {
        let text = match self {
            Self::Variable { token, .. } => token.reveal().as_bytes().to_vec(),
            Self::File(path) => {
                let mut text = Vec::new();
                let limit = u64::try_from(parse::LONGEST + 1).unwrap_or(u64::MAX);
                File::open(path)
                    .and_then(|file| file.take(limit).read_to_end(&mut text))
                    .map_err(|source| StaticTokenError::Read { place: self.place(), source })?;
                text
            }
        };
        parse::token(&text).map_err(|flaw| StaticTokenError::Flaw { place: self.place(), flaw })
    }
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
    #[error("the sign-in mode is `ExternalCommand` ({mode}), and there is no command")]
    NoCommand {
        /// Where the mode is set.
        mode: Origin,
        /// Where the command would be.
        command: Origin,
    },
    /// `ClientSecret` without an id or a secret.
    #[error("the sign-in mode is `ClientSecret` ({mode}), and there is no {missing}")]
    NoCredentials {
        /// Where the mode is set.
        mode: Origin,
        /// What is missing, such as "client secret".
        missing: &'static str,
        /// Where it would be.
        origin: Origin,
    },
}

impl MethodError {
    /// Where to say it.
    #[must_use]
    pub fn hint(&self) -> String {
        let plugin = |origin: &Origin, key: &str| match origin {
            Origin::Plugin(_) | Origin::PluginDefault(_) => {
                Some(format!("set {}", origin.place_to_change(key)))
            }
            _ => None,
        };
        match self {
            Self::NoCommand { command, .. } => plugin(command, "admin.command").unwrap_or_else(|| {
                "set `admin.command` in the configuration, or `FLYTE_CREDENTIALS_COMMAND`".to_owned()
            }),
            Self::NoCredentials { missing: CLIENT_ID, origin, .. } => plugin(origin, "admin.clientId")
                .unwrap_or_else(|| {
                    "set `admin.clientId` in the configuration, or `FLYTE_CREDENTIALS_CLIENT_ID`".to_owned()
                }),
            Self::NoCredentials { origin, .. } => plugin(origin, "admin.clientSecret").unwrap_or_else(|| {
                "set `admin.clientSecretLocation` to the file that has it, or set \
                 `FLYTE_CREDENTIALS_CLIENT_SECRET`"
                    .to_owned()
            }),
        }
    }
}

const CLIENT_ID: &str = "client id";

impl Method {
    /// The way of a connection; a token that is there already goes before everything else.
    ///
    /// Otherwise it is `admin.authType`, which a client secret from a file or a named variable has changed already (as in
    /// flytekit, `PlatformConfig.auto`).
    ///
    /// # Errors
    ///
    /// When the configuration does not say what its sign-in mode takes.
    pub fn of(connection: &Connection, token: Option<StaticToken>) -> Result<Self, MethodError> {
        if let Some(token) = token {
            return Ok(Self::Static(token));
        }
        match connection.auth_mode.value {
            AuthMode::ClientSecret => {
                let mode = &connection.auth_mode.origin;
                let missing = |missing, origin: &Origin| MethodError::NoCredentials {
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
                [] => Err(MethodError::NoCommand {
                    mode: connection.auth_mode.origin.clone(),
                    command: connection.command.origin.clone(),
                }),
                command => Ok(Self::Command(command.to_vec())),
            },
            AuthMode::Pkce => Ok(Self::Browser),
        }
    }

    /// Whether tokens of the store are what this way would have got. A person's are theirs on whichever device.
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

    fn of(mode: AuthMode, change: impl FnOnce(&mut Connection)) -> Result<Method, MethodError> {
        let mut connection = connection();
        connection.auth_mode = Setting::default_value(mode, "");
        change(&mut connection);
        Method::of(&connection, None)
    }

    fn with_client(connection: &mut Connection) {
        connection.client_id.value = Some("robot".to_owned());
        connection.client_secret.value = Some(Secret::new("very secret"));
    }

    #[test]
    fn each_mode_needs_what_it_takes() {
        assert_eq!(of(AuthMode::Pkce, with_client), Ok(Method::Browser), "a secret alone does not change it");
        assert_eq!(of(AuthMode::DeviceFlow, |_| {}), Ok(Method::Device));
        let without_command = of(AuthMode::ExternalCommand, |_| {}).unwrap_err();
        assert_eq!(
            without_command.to_string(),
            "the sign-in mode is `ExternalCommand` (default), and there is no command"
        );
        assert!(without_command.hint().starts_with("set `admin.command` in the configuration"));
        let of_plugin = of(AuthMode::ExternalCommand, |connection| connection.note_plugin_defaults("acme"));
        assert_eq!(of_plugin.unwrap_err().hint(), "set `command` in `get_remote` of plugin `acme`");
        let secret = Secret::new("very secret");
        let robot = Method::ClientCredentials { client_id: "robot".to_owned(), secret };
        assert_eq!(of(AuthMode::ClientSecret, with_client), Ok(robot));
        let missing =
            |change: fn(&mut Connection)| of(AuthMode::ClientSecret, change).unwrap_err().to_string();
        assert_eq!(
            missing(|_| {}),
            "the sign-in mode is `ClientSecret` (default), and there is no client id"
        );
        let without_secret = missing(|connection| connection.client_id.value = Some("robot".to_owned()));
        assert_eq!(
            without_secret,
            "the sign-in mode is `ClientSecret` (default), and there is no client secret"
        );
    }

    #[test]
    fn a_token_that_is_there_goes_before_everything() {
        let token = StaticToken::File("/run/token".into());
        assert_eq!(Method::of(&connection(), Some(token.clone())), Ok(Method::Static(token)));
    }

    #[test]
    fn a_file_is_read_anew_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let token = StaticToken::File(file.path().to_owned());
        assert!(token.read().unwrap_err().to_string().ends_with("which should hold a token, holds nothing"));
        for text in ["one", "two"] {
            std::fs::write(file.path(), format!("{text}\n")).unwrap();
            assert_eq!(token.read().unwrap().reveal(), text);
        }
        let missing = StaticToken::File("/nowhere/token".into()).read().unwrap_err();
        assert_eq!(missing.to_string(), "`/nowhere/token`, which should hold a token, cannot be read");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let token = Secret::new("very secret");
        let variable = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token };
        let shown = format!("{:?} {:?}", Method::Static(variable), of(AuthMode::ClientSecret, with_client));
        assert!(!shown.contains("very"), "{shown}");
        let spaced = Secret::new("very secret");
        let variable = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token: spaced };
        let error = variable.read().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("very"), "{error}");
    }
}
