//! The options of a sign-in, from variables and settings, and its interaction with the user.

mod terminal;

use std::{env::temp_dir, path::PathBuf, time::Duration};

use auth::{StaticToken, store::StoreKind};
use flyte_client::config::{ConfigPath, Origin, Row, Secret, Shown};

pub(crate) use self::terminal::Terminal;
use crate::{
    env,
    settings::{self, Settings},
    ui::{error::CommandError, exit_code::Exit},
};

/// The default timeout of a sign-in.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// The options of a sign-in.
///
/// # Errors
///
/// If a variable has an invalid value.
pub(crate) fn options(settings: &Settings) -> Result<auth::SignInOptions, CommandError> {
    let (store, _) = store(settings)?;
    let (store, folder) = match settings::state_folder() {
        Some(folder) => (store.unwrap_or_default(), folder.join("flyte-host")),
        None => without_home(store)?,
    };
    Ok(auth::SignInOptions { token: token()?, store, folder, timeout: timeout()? })
}

/// The rows of `config show`: what the user set, without secrets.
///
/// # Errors
///
/// As [`options`].
pub(crate) fn rows(settings: &Settings) -> Result<Vec<Row>, CommandError> {
    let row = |name: &str, value: String, origin| Row {
        name: name.to_owned(),
        value: Some(Shown::Text(value)),
        origin,
    };
    let variable = |name: &str| Origin::Variable(name.to_owned());
    let token = token()?.map(|token| match token {
        StaticToken::Variable { name, token } => row("access_token", token.to_string(), variable(&name)),
        StaticToken::File(path) => {
            row("access_token_file", path.display().to_string(), variable(env::ACCESS_TOKEN_FILE))
        }
    });
    let (choice, origin) = store(settings)?;
    let store = choice.map(|choice| row("token_store", choice.to_string(), origin));
    Ok(token.into_iter().chain(store).collect())
}

/// The static token; it is parsed when it is needed.
fn token() -> Result<Option<StaticToken>, CommandError> {
    let (variable, file) = (env::ACCESS_TOKEN, env::ACCESS_TOKEN_FILE);
    match (env::text(variable), env::text(file)) {
        (None, None) => Ok(None),
        (None, Some(path)) => Ok(Some(StaticToken::File(path.into()))),
        (Some(token), None) => {
            Ok(Some(StaticToken::Variable { name: variable.to_owned(), token: Secret::new(token) }))
        }
        (Some(_), Some(_)) => {
            let message = format!("variables `{variable}` and `{file}` are both set; set only one");
            Err(CommandError::new(Exit::Usage, message))
        }
    }
}

/// Where to store tokens, if set, and where that is set.
fn store(settings: &Settings) -> Result<(Option<StoreKind>, Origin), CommandError> {
    let name = env::TOKEN_STORE;
    if let Some(text) = env::text(name) {
        let choice = text.parse().map_err(|_| {
            let accepted = "expected `auto`, `keyring`, `file` or `none`";
            CommandError::new(
                Exit::Usage,
                format!("invalid value `{text}` for variable `{name}`; {accepted}"),
            )
        })?;
        return Ok((Some(choice), Origin::Variable(name.to_owned())));
    }
    let path = ConfigPath::new(Settings::path().unwrap_or_default(), settings::home().as_deref());
    let choice = settings.token_store.as_deref().and_then(|name| name.parse().ok());
    Ok((choice, Origin::File { path, key: "token-store".to_owned() }))
}

/// Tokens are not stored; the folder is for locks only.
fn without_home(store: Option<StoreKind>) -> Result<(StoreKind, PathBuf), CommandError> {
    match store {
        None | Some(StoreKind::Auto | StoreKind::None) => {
            Ok((StoreKind::None, temp_dir().join("flyte-host")))
        }
        Some(StoreKind::File | StoreKind::Keyring) => {
            let message = "could not choose a folder for tokens: the home directory is not known";
            Err(CommandError::new(Exit::Failed, message)
                .hint(format!("set `{}` to a folder", env::STATE_HOME)))
        }
    }
}

/// The longest timeout.
const MAX_TIMEOUT: Duration = Duration::from_hours(24);

fn timeout() -> Result<Duration, CommandError> {
    let Some(text) = env::text(env::SIGN_IN_TIMEOUT) else { return Ok(DEFAULT_TIMEOUT) };
    seconds(&text).map_err(|expected| {
        let message = format!("invalid value `{text}` for variable `{}`; {expected}", env::SIGN_IN_TIMEOUT);
        CommandError::new(Exit::Usage, message)
    })
}

/// Parses a timeout in seconds.
///
/// # Errors
///
/// What is expected, for a message.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let is_possible = |time: &Duration| !time.is_zero() && *time <= MAX_TIMEOUT;
    seconds.filter(is_possible).ok_or("expected a number of seconds, above 0 and at most 86400")
}

impl From<auth::AuthError> for CommandError {
    fn from(error: auth::AuthError) -> Self {
        let exit = match error.kind() {
            auth::AuthErrorKind::NotSignedIn => Exit::NotSignedIn,
            auth::AuthErrorKind::Unreachable => Exit::Unreachable,
        };
        let hint = error.hint();
        Self::from_error(exit, error).hint(hint)
    }
}

impl From<auth::store::StoreError> for CommandError {
    fn from(error: auth::store::StoreError) -> Self {
        let hint = error.hint();
        Self::from_error(Exit::Failed, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_store_of_the_settings_is_known() {
        let known = |name: &&str| name.parse::<StoreKind>().is_ok_and(|store| store.to_string() == **name);
        assert!(settings::TOKEN_STORES.iter().all(known));
    }

    #[test]
    fn a_timeout_is_positive_and_at_most_a_day() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["0", "-1", "86401", "1e18", "soon", "NaN", "inf", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
