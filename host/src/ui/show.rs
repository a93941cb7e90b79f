//! Printing of entities, executions and values, shared by the commands.

pub(crate) mod facts;
pub(crate) mod time;

use flyte_client::proto::json;
use prost::{Message, Name};

use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// The cell of a table for a missing value.
pub(crate) const NOTHING: &str = "-";

/// The text, or [`NOTHING`] if it is empty.
#[must_use]
pub(crate) fn or_nothing(text: &str) -> String {
    if text.is_empty() { NOTHING.to_owned() } else { text.to_owned() }
}

/// The beginning of a text in one line: what ends with a colon says nothing without its next line.
#[must_use]
pub(crate) fn in_a_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut text_so_far = lines.next().unwrap_or_default().to_owned();
    while text_so_far.ends_with(':')
        && let Some(line) = lines.next()
    {
        text_so_far = format!("{text_so_far} {line}");
    }
    text_so_far
}

/// A message in proto3 JSON form.
///
/// # Errors
///
/// When JSON has no form for a value in it.
pub(crate) fn json<M: Message + Name>(message: &M) -> Result<serde_json::Value, CommandError> {
    json::to_json(message).map_err(|error| {
        CommandError::new(Exit::Failed, "cannot convert the server's response to JSON").caused_by(error)
    })
}

impl Ui {
    /// Writes one message for programs.
    ///
    /// # Errors
    ///
    /// As [`json()`], and when the output cannot be written.
    pub(crate) fn message<M: Message + Name>(&self, message: &M) -> Result<(), CommandError> {
        self.structured(&json(message)?)
    }

    /// Writes a list of messages for programs, as one document.
    ///
    /// # Errors
    ///
    /// As [`Ui::message`].
    pub(crate) fn messages<M: Message + Name>(&self, messages: &[M]) -> Result<(), CommandError> {
        let values = messages.iter().map(json).collect::<Result<Vec<_>, _>>()?;
        self.structured(&values.into())
    }

    /// Writes names, one a line.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn names(&self, names: impl IntoIterator<Item = String>) -> Result<(), CommandError> {
        let line = |name: String| format!("{}\n", flyte_text::sanitize_line(&name));
        self.print(names.into_iter().map(line).collect::<String>())
    }
}
