//! What is wrong with a wish of a plugin.

use std::fmt;

use plugin_host::Identity;

/// A change of the command line that cannot be made: which plugin wants what, where, and why not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{plugin} {problem}")]
pub struct EditError {
    plugin: Identity,
    problem: Problem,
}

impl EditError {
    pub(super) fn new(plugin: &Identity, problem: Problem) -> Self {
        Self { plugin: plugin.clone(), problem }
    }

    /// The plugin that wanted it.
    #[must_use]
    pub fn plugin(&self) -> &Identity {
        &self.plugin
    }

    /// What the plugin's author, or in a clash of two plugins the user, can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.problem.hint.clone()
    }
}

/// The rest of a sentence that begins with the plugin's name.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    sentence: String,
    hint: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub(super) fn new(sentence: impl fmt::Display) -> Self {
        Self { sentence: sentence.to_string(), hint: None }
    }

    /// Adds advice.
    pub(super) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds the name that was probably meant, if one comes near; otherwise other advice.
    pub(super) fn near<'n>(
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

/// A command by its path, in words; text that a plugin made up is shown without control characters.
pub(super) fn place(path: &[String]) -> String {
    if path.is_empty() { "the program".to_owned() } else { quoted(&path.join(" ")) }
}

/// The same behind an option: nothing for the program itself, whose options need no more words.
pub(super) fn of(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" of {}", place(path)) }
}

/// A literal of a plugin's in backticks.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", flyte_text::excerpt(text, 60))
}
