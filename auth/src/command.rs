//! A command that prints a token.

use remote::config::Secret;

/// Why a command gave no token. What it printed on its standard output is never told, since it may be a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It cannot be started.
    #[error("`{program}`, which should print a token, cannot be started")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Runs a command without a shell; the token is the one line that it prints.
pub(crate) async fn token(command: &[String]) -> Result<Secret, CommandError> {
    let _ = command;
    todo!()
}
