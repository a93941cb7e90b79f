//! Signing in, as the program around it sees it: what variables and settings say of it, and who sits at the terminal.

mod terminal;

use std::{env::temp_dir, path::PathBuf, time::Duration};

use auth::{StaticToken, store::Choice};
use flyte_client::config::{ConfigPath, Origin, Row, Secret, Shown};

pub use self::terminal::Terminal;
use crate::{
    env,
    settings::{self, Settings},
    ui::{error::CommandError, exit_code::Exit},
};

/// How long a person is waited for if the user does not say.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a sign-in depends on, beside the connection.
///
/// # Errors
///
/// A variable that says what cannot be.
pub fn options(settings: &Settings) -> Result<auth::Options, CommandError> {
    let (store, _) = store(settings)?;
    let (store, folder) = match state_folder() {
        Some(folder) => (store.unwrap_or_default(), folder.join("flyte-host")),
        None => without_a_home(store)?,
    };
    Ok(auth::Options { token: token()?, store, folder, patience: patience()? })
}

/// The rows of `config show`: what the user set, and nothing secret.
///
/// # Errors
///
/// As [`options`].
pub fn rows(settings: &Settings) -> Result<Vec<Row>, CommandError> {
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

/// A token that is there already; whether it can be one is looked at when it is needed.
fn token() -> Result<Option<StaticToken>, CommandError> {
    let (variable, file) = (env::ACCESS_TOKEN, env::ACCESS_TOKEN_FILE);
    match (env::text(variable), env::text(file)) {
        (None, None) => Ok(None),
        (None, Some(path)) => Ok(Some(StaticToken::File(path.into()))),
        (Some(token), None) => {
            Ok(Some(StaticToken::Variable { name: variable.to_owned(), token: Secret::new(token) }))
        }
        (Some(_), Some(_)) => {
            let message = format!("variables `{variable}` and `{file}` are both set; one token is expected");
            Err(CommandError::new(Exit::Usage, message))
        }
    }
}

/// Where tokens are to be kept, if the user says, and who says so.
fn store(settings: &Settings) -> Result<(Option<Choice>, Origin), CommandError> {
    let name = env::TOKEN_STORE;
    if let Some(text) = env::text(name) {
        let choice = text.parse().map_err(|_| {
            let accepted = "`auto`, `keyring`, `file` or `none` is expected";
            CommandError::new(Exit::Usage, format!("variable `{name}` is `{text}`; {accepted}"))
        })?;
        return Ok((Some(choice), Origin::Variable(name.to_owned())));
    }
    let path = ConfigPath::new(Settings::path().unwrap_or_default(), settings::home().as_deref());
    Ok((settings.token_store, Origin::File { path, key: "token-store".to_owned() }))
}

/// Where programs of this user remember things.
fn state_folder() -> Option<PathBuf> {
    let named = env::text(env::STATE_HOME).map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| settings::home().map(|home| home.join(".local").join("state")))
}

/// Nothing is kept, and only the turns of processes need a folder.
fn without_a_home(store: Option<Choice>) -> Result<(Choice, PathBuf), CommandError> {
    match store {
        None | Some(Choice::Auto | Choice::None) => Ok((Choice::None, temp_dir().join("flyte-host"))),
        Some(Choice::File | Choice::Keyring) => {
            let message = "there is no place for tokens, because the home is not known";
            Err(CommandError::new(Exit::Failed, message)
                .hint(format!("set `{}` to a folder", env::STATE_HOME)))
        }
    }
}

/// Nobody waits for longer than a day.
const LONGEST_PATIENCE: Duration = Duration::from_hours(24);

fn patience() -> Result<Duration, CommandError> {
    let Some(text) = env::text(env::SIGN_IN_TIMEOUT) else { return Ok(PATIENCE) };
    seconds(&text).map_err(|expected| {
        let message = format!("variable `{}` is `{text}`; {expected}", env::SIGN_IN_TIMEOUT);
        CommandError::new(Exit::Usage, message)
    })
}

/// Reads how long a person is waited for.
///
/// # Errors
///
/// What is expected instead.
pub fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let is_possible = |time: &Duration| !time.is_zero() && *time <= LONGEST_PATIENCE;
    seconds.filter(is_possible).ok_or("a number of seconds is expected, above 0 and at most 86400")
}

impl From<auth::Error> for CommandError {
    fn from(error: auth::Error) -> Self {
        let exit = match error.kind() {
            auth::Kind::NotSignedIn => Exit::NotSignedIn,
            auth::Kind::Unreachable => Exit::Unreachable,
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
    fn patience_is_a_time_that_passes() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["0", "-1", "86401", "1e18", "soon", "NaN", "inf", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
