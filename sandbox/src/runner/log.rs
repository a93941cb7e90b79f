//! The runner's log of an attempt, and the last lines of the task's.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use flyte_client::proto::core::{TaskLog, task_log::MessageFormat};

use super::{error::AttemptError, folder::AttemptFolder};

/// How much of the task's stderr an error quotes.
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 20;

/// The runner's own log of one attempt.
#[derive(Debug)]
pub(super) struct RunnerLog(File);

impl RunnerLog {
    pub(super) fn open(folder: &AttemptFolder) -> Result<Self, AttemptError> {
        let path = folder.log();
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self(file.map_err(AttemptError::files("write", path))?))
    }

    /// Adds a line. A full disk is reported elsewhere.
    pub(super) fn line(&mut self, text: &str) {
        if let Err(error) = writeln!(self.0, "{text}") {
            log::debug!("cannot write the log of an attempt: {error}");
        }
    }
}

/// The last lines of a log, as a part of a message; empty if it has none.
pub(super) fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<(Vec<u8>, bool)> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok((bytes, start > 0))
    };
    let Ok((bytes, mut cut)) = read() else { return String::new() };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    if cut && lines.len() > 1 {
        // Probably the end of a longer line.
        lines.remove(0);
    }
    if lines.len() > TAIL_LINES {
        lines.drain(..lines.len() - TAIL_LINES);
        cut = true;
    }
    if lines.is_empty() {
        return String::new();
    }
    let which = if cut { "the last lines of stderr" } else { "stderr" };
    format!("; {which}:\n{}", lines.join("\n"))
}

/// The logs of an attempt, as links.
pub(crate) fn logs(folder: &Path) -> Vec<TaskLog> {
    let folder = AttemptFolder::new(folder);
    [("stdout", folder.stdout()), ("stderr", folder.stderr()), ("runner", folder.log())]
        .map(|(name, path)| TaskLog {
            // Terminals can open it.
            uri: format!("file://{}", path.display()),
            name: name.to_owned(),
            message_format: MessageFormat::Unknown.into(),
            ..TaskLog::default()
        })
        .into()
}
