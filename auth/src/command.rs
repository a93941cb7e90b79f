//! A command that prints a token.
//!
//! It runs without a shell and without input. Its standard output is the token and nothing else, and is told to nobody;
//! what it says on its standard error is told if it fails.

use std::{io, process::Stdio, time::Duration};

use flyte_client::config::Secret;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::timeout,
};

use crate::token::parse::{self, Flaw};

/// Why a command gave no token. What it printed on its standard output is never told, since it may be a token; nor are
/// its arguments, which may be secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It said that it failed.
    #[error("`{program}`, which should print a token, ended with {how}{}", says.as_ref().map(|says| format!(": {says}")).unwrap_or_default())]
    Failed {
        /// The program.
        program: String,
        /// How it ended, such as "exit status: 1".
        how: String,
        /// The end of what it said on its standard error.
        says: Option<String>,
    },
    /// What it printed is no token.
    #[error("`{program}`, which should print a token, printed {flaw}")]
    Output {
        /// The program.
        program: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// It cannot be started.
    #[error("`{program}`, which should print a token, cannot be started")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// It did not end in time, and was ended.
    #[error("`{program}`, which should print a token, did not end within {} s", limit.as_secs())]
    TooSlow {
        /// The program.
        program: String,
        /// How long it was waited for.
        limit: Duration,
    },
}

impl CommandError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { .. } => {
                Some("run the command by hand: it may want a sign-in of its own".to_owned())
            }
            Self::Output { flaw: Flaw::Odd, .. } => {
                Some("it has to print the token only, without `Bearer` before it".to_owned())
            }
            Self::Output { .. } => {
                Some("whatever else it has to say belongs on its standard error".to_owned())
            }
            Self::Start { .. } => Some(
                "the first word of the command is the program, found in `PATH`; there is no shell".to_owned(),
            ),
            Self::TooSlow { .. } => {
                Some("it gets no input: a question that it asks stays unanswered".to_owned())
            }
        }
    }
}

/// Runs a command, for no longer than the limit; the token is the one line that it prints. The command ends with its
/// caller's interest: dropping the future kills it.
pub(crate) async fn token(command: &[String], limit: Duration) -> Result<Secret, CommandError> {
    let [program, arguments @ ..] = command else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the command is empty");
        return Err(CommandError::Start { program: String::new(), source });
    };
    let start = |source| CommandError::Start { program: program.clone(), source };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(start)?;
    let too_slow = |_| CommandError::TooSlow { program: program.clone(), limit };
    timeout(limit, output(program, child)).await.map_err(too_slow)?
}

async fn output(program: &str, mut child: Child) -> Result<Secret, CommandError> {
    let lost = |source| CommandError::Start { program: program.to_owned(), source };
    let (said, complaint) = (child.stdout.take(), child.stderr.take());
    // Whoever prints without end is not read to the end.
    let (said, complaint) =
        tokio::try_join!(beginning(said, parse::LONGEST + 1), end(complaint)).map_err(lost)?;
    if said.len() > parse::LONGEST {
        return Err(CommandError::Output { program: program.to_owned(), flaw: Flaw::Long(parse::LONGEST) });
    }
    let status = child.wait().await.map_err(lost)?;
    if !status.success() {
        let says = quoted(&complaint, &said);
        return Err(CommandError::Failed { program: program.to_owned(), how: status.to_string(), says });
    }
    parse::token(&said).map_err(|flaw| CommandError::Output { program: program.to_owned(), flaw })
}

/// Reads so many bytes at the most.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(u64::try_from(limit).unwrap_or(u64::MAX)).read_to_end(&mut read).await?;
    }
    Ok(read)
}

/// What is kept of a complaint, in bytes: its end says why.
const COMPLAINT: usize = 4 * 1024;

/// Reads everything, and keeps the end.
async fn end(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(kept) };
    let mut chunk = [0; 1024];
    loop {
        let length = pipe.read(&mut chunk).await?;
        if length == 0 {
            return Ok(kept);
        }
        kept.extend_from_slice(&chunk[..length]);
        kept.drain(..kept.len().saturating_sub(COMPLAINT));
    }
}

/// How many lines of a complaint are told.
const LINES: usize = 3;

/// The last lines of a complaint, on one, without what was meant for nobody's eyes or for a terminal.
fn quoted(complaint: &[u8], said: &[u8]) -> Option<String> {
    let said = String::from_utf8_lossy(said);
    let mut text = String::from_utf8_lossy(complaint).into_owned();
    for secret in said.split_whitespace().filter(|word| word.len() >= 8) {
        text = text.replace(secret, "****");
    }
    let is_shown = |letter: &char| !letter.is_control();
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.trim().chars().filter(is_shown).collect())
        .filter(|line: &String| !line.is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    (!last.is_empty()).then(|| last.join("; "))
}

#[cfg(test)]
mod tests;
