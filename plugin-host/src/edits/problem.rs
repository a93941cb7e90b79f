//! [`EditError`]: a change of the command line that cannot be applied.

use std::fmt;

use crate::Identity;

/// A change that a plugin requested and that cannot be applied.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{plugin} {problem}")]
pub struct EditError {
    plugin: Identity,
    problem: Problem,
}

impl EditError {
    /// A problem of a plugin's request.
    #[must_use]
    pub fn new(plugin: &Identity, problem: Problem) -> Self {
        Self { plugin: plugin.clone(), problem }
    }

    /// The plugin that requested the change.
    #[must_use]
    pub fn plugin(&self) -> &Identity {
        &self.plugin
    }

    /// The hint for the plugin's author, or in a conflict of two plugins for the user.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.problem.hint.clone()
    }
}

/// The message of an [`EditError`] after the plugin's name, and the hint.
#[derive(Clone, Debug)]
pub struct Problem {
    sentence: String,
    hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    #[must_use]
    pub fn new(sentence: impl fmt::Display) -> Self {
        Self { sentence: sentence.to_string(), hint: None }
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Suggests the most similar name, if there is one; otherwise sets another hint.
    #[must_use]
    pub fn near<'n>(
        self,
        wanted: &str,
        names: impl Iterator<Item = &'n str>,
        otherwise: Option<&str>,
    ) -> Self {
        match flyte_text::closest(wanted, names) {
            Some(name) => self.hint(format_args!("did you mean `{name}`?")),
            None => Self { hint: otherwise.map(str::to_owned), ..self },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// A command in a message: its path in backticks, without control characters; `the program` for the root.
#[must_use]
pub fn command_label(path: &[String]) -> String {
    if path.is_empty() { "the program".to_owned() } else { quoted(&path.join(" ")) }
}

/// ` of` and the command, after the name of an option; empty for options of the program.
#[must_use]
pub fn of_command(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" of {}", command_label(path)) }
}

/// A text of a plugin in backticks, shortened and without control characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", flyte_text::excerpt(text, 60))
}
