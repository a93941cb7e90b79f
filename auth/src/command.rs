//! Commands that print a token.
//!
//! They run without a shell and with an empty standard input. The standard output is the token and nothing
//! else, and is never shown; errors quote the standard error.

use std::{io, process::Stdio, time::Duration};

use flyte_client::config::Secret;
use flyte_text::Redactor;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::timeout,
};

use crate::token::parse::{self, TokenSyntaxError};

/// A command printed no token. Errors never quote its standard output, which may be a token, nor its
/// arguments, which may be secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenCommandError {
    /// The exit status is not 0.
    #[error("token command `{program}` failed with {how}{}", stderr.as_ref().map(|stderr| format!(": {stderr}")).unwrap_or_default())]
    Failed {
        /// The program.
        program: String,
        /// Its status, such as "exit status: 1".
        how: String,
        /// The end of its standard error.
        stderr: Option<String>,
    },
    /// The output is not a token.
    #[error("token command `{program}` printed an invalid token: {flaw}")]
    Output {
        /// The program.
        program: String,
        /// The syntax error.
        flaw: TokenSyntaxError,
    },
    /// The program did not start.
    #[error("could not start token command `{program}`")]
    Start {
        /// The program.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The command did not exit in time, and was killed.
    #[error("token command `{program}` timed out after {} s", limit.as_secs())]
    Timeout {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
}

impl TokenCommandError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { .. } => {
                Some("run the command by hand: it may require a login of its own".to_owned())
            }
            Self::Output { flaw: TokenSyntaxError::InvalidCharacter, .. } => {
                Some("print only the token, without `Bearer` in front".to_owned())
            }
            Self::Output { .. } => {
                Some("print only the token to stdout; write anything else to stderr".to_owned())
            }
            Self::Start { .. } => Some(
                "check that the first word of the command is a program in `PATH`; it runs without a shell"
                    .to_owned(),
            ),
            Self::Timeout { .. } => {
                Some("make sure that the command does not prompt: its stdin is closed".to_owned())
            }
        }
    }
}

/// Runs a command, and parses its output. Dropping the future kills the command.
pub(crate) async fn run(command: &[String], limit: Duration) -> Result<Secret, TokenCommandError> {
    let [program, arguments @ ..] = command else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the command is empty");
        return Err(TokenCommandError::Start { program: String::new(), source });
    };
    let start = |source| TokenCommandError::Start { program: program.clone(), source };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(start)?;
    let timed_out = |_| TokenCommandError::Timeout { program: program.clone(), limit };
    timeout(limit, output(program, child)).await.map_err(timed_out)?
}

async fn output(program: &str, mut child: Child) -> Result<Secret, TokenCommandError> {
    let failed = |source| TokenCommandError::Start { program: program.to_owned(), source };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Endless output is not read to the end.
    let (stdout, stderr) =
        tokio::try_join!(read_start(stdout, parse::MAX_LENGTH + 1), read_end(stderr)).map_err(failed)?;
    if stdout.len() > parse::MAX_LENGTH {
        return Err(TokenCommandError::Output {
            program: program.to_owned(),
            flaw: TokenSyntaxError::TooLong(parse::MAX_LENGTH),
        });
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        let stderr = quote(&stderr, &stdout);
        return Err(TokenCommandError::Failed {
            program: program.to_owned(),
            how: status.to_string(),
            stderr,
        });
    }
    parse::parse_token(&stdout)
        .map_err(|flaw| TokenCommandError::Output { program: program.to_owned(), flaw })
}

/// Reads up to `limit` bytes.
async fn read_start(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(u64::try_from(limit).unwrap_or(u64::MAX)).read_to_end(&mut read).await?;
    }
    Ok(read)
}

/// How much of the standard error is kept, in bytes: its end says why.
const MAX_STDERR: usize = 4 * 1024;

/// Reads everything, and returns the end, from the start of a word on.
async fn read_end(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let (mut kept, mut is_cut) = (Vec::new(), false);
    let Some(mut pipe) = pipe else { return Ok(kept) };
    let mut chunk = [0; 1024];
    loop {
        let length = pipe.read(&mut chunk).await?;
        if length == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..length]);
        let surplus = kept.len().saturating_sub(MAX_STDERR);
        is_cut |= surplus > 0;
        kept.drain(..surplus);
    }
    if is_cut {
        // The first word may be the rest of a token, which would not be found in it.
        let word = kept.iter().position(u8::is_ascii_whitespace).unwrap_or(kept.len());
        kept.drain(..word);
    }
    Ok(kept)
}

/// How many lines of the standard error an error quotes.
const MAX_LINES: usize = 3;

/// The last lines of the standard error, on one line, without words of the standard output, which may be a
/// token.
fn quote(stderr: &[u8], stdout: &[u8]) -> Option<String> {
    let stdout = String::from_utf8_lossy(stdout);
    let secrets = stdout.split_whitespace().filter(|word| word.len() >= 8).map(str::to_owned);
    let text = Redactor::new(secrets).redact(&String::from_utf8_lossy(stderr));
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(MAX_LINES)..];
    (!last.is_empty()).then(|| flyte_text::sanitize_line(&last.join("; ")).into_owned())
}

#[cfg(test)]
mod tests;
