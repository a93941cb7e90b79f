//! Fills the placeholders of a task's command, as propeller does
//! (`flyteplugins/go/tasks/pluginmachinery/core/template`).
//!
//! `{{.inputs.name}}`, `{{.outputPrefix}}` and so on: in any case, with spaces inside the braces, and with
//! `.` or `$` before the name. A value that is filled in is not scanned again, and an unknown placeholder
//! stays as it is.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::error::AttemptError;

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{[ \t\n\f\r]*[.$]([^} \t\n\f\r]+)[ \t\n\f\r]*\}\}").expect("the pattern is well-formed")
});

/// The values of the placeholders.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceholderValues {
    pub(super) checkpoint_output_prefix: String,
    pub(super) input: String,
    pub(super) input_prefix: String,
    pub(super) namespace: String,
    pub(super) output_prefix: String,
    pub(super) per_retry_unique_key: String,
    pub(super) prev_checkpoint_prefix: Option<String>,
    pub(super) raw_output_data_prefix: String,
    pub(super) task_template_path: String,
}

impl PlaceholderValues {
    fn get(&self, name: &str) -> Option<&str> {
        let value = match name.to_ascii_lowercase().as_str() {
            "checkpointoutputprefix" => &self.checkpoint_output_prefix,
            "input" => &self.input,
            "inputprefix" => &self.input_prefix,
            "namespace" => &self.namespace,
            "outputprefix" => &self.output_prefix,
            "perretryuniquekey" => &self.per_retry_unique_key,
            // flytekit expects two quotes for an empty value.
            "prevcheckpointprefix" => self.prev_checkpoint_prefix.as_deref().unwrap_or("\"\""),
            "rawoutputdataprefix" => &self.raw_output_data_prefix,
            "tasktemplatepath" => &self.task_template_path,
            _ => return None,
        };
        Some(value)
    }
}

/// Fills the placeholders of one text; `input` returns an input's text, or why it has none.
pub(super) fn fill(
    text: &str,
    values: &PlaceholderValues,
    input: impl Fn(&str) -> Result<String, String>,
) -> Result<String, AttemptError> {
    let mut failure = None;
    let filled = PLACEHOLDER.replace_all(text, |captures: &Captures<'_>| {
        let (placeholder, name) = (&captures[0], &captures[1]);
        if let Some(name) = input_name(name) {
            return input(name).unwrap_or_else(|reason| {
                failure.get_or_insert(AttemptError::Template { placeholder: placeholder.to_owned(), reason });
                String::new()
            });
        }
        values.get(name).unwrap_or(placeholder).to_owned()
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(filled.into_owned()),
    }
}

/// The name of the input of a placeholder, if it is for an input.
fn input_name(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked("inputs.".len())?;
    (prefix.eq_ignore_ascii_case("inputs.") && !rest.is_empty()).then_some(rest)
}

/// A key for one attempt, of letters, digits and `_`.
pub(super) fn unique_key(name: &str) -> String {
    let start = name.find(|c: char| c.is_ascii_alphabetic() || c == '_').unwrap_or(name.len());
    let mut key = String::from(if start > 0 { "a" } else { "" });
    for c in name[start..].chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => key.push(c),
            // A run of other characters becomes one `_`, after a `_` of the name's own as well.
            _ if key.ends_with('\0') => {}
            _ => key.push('\0'),
        }
    }
    key.replace('\0', "_")
}

#[cfg(test)]
mod tests;
