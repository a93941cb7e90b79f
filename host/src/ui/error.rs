//! How a failure is told: what could not be done, why, and what to do.
//!
//! Servers say things of any length: all of it is told to programs, to files and to whoever asks for it, and head and tail
//! of it where a person looks.

use std::{error::Error, fmt, io, sync::OnceLock};

use anstyle::{AnsiColor, Style};
use plugin_host::LoadError;
use serde_json::json;

use super::{
    exit_code::Exit,
    stream::{Stream, WriteError},
};
use crate::settings::SettingsError;

/// The form in which failures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people at a terminal: long texts are shortened.
    Short,
    /// For people: as text, whole.
    Whole,
    /// For programs: one line of JSON, `{"error": {"message", "causes", "hints", "exitCode"}}`.
    Json,
}

static FORM: OnceLock<Form> = OnceLock::new();

impl Form {
    /// Settles the form for the rest of the process; earlier failures are printed as text.
    pub(crate) fn choose(is_json: bool, is_verbose: bool) {
        let form = match (is_json, is_verbose) {
            (true, _) => Self::Json,
            (false, true) => Self::Whole,
            (false, false) => Self::of_stream(),
        };
        // Set once, by the one start of the program.
        let _ = FORM.set(form);
    }

    fn chosen() -> Self {
        FORM.get().copied().unwrap_or_else(Self::of_stream)
    }

    fn of_stream() -> Self {
        if Stream::Err.is_terminal() { Self::Short } else { Self::Whole }
    }
}

/// A command's failure, ready to be told.
#[derive(Debug)]
pub struct CommandError {
    /// How the program ends.
    pub exit: Exit,
    /// What could not be done: lower case, no full stop.
    pub message: String,
    /// From the outermost cause to the root, one fact each.
    pub causes: Vec<String>,
    /// What the reader can do now.
    pub hints: Vec<String>,
}

impl CommandError {
    /// A failure without causes or hints.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), causes: Vec::new(), hints: Vec::new() }
    }

    /// A failure from an error: its text, then its sources as causes.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(exit, error);
        let mut source = error.source();
        while let Some(cause) = source {
            failure.causes.push(cause.to_string());
            source = cause.source();
        }
        failure
    }

    /// Adds a cause below those that are there.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a hint, if there is one.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hints.extend(hint.into());
        self
    }

    /// Whether one of the facts is this one.
    #[must_use]
    pub fn mentions(&self, fact: &str) -> bool {
        self.message == fact || self.causes.iter().any(|cause| cause == fact)
    }

    /// The text as it goes to the standard error, with styles that the stream strips if it must.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_in(Form::chosen())
    }

    /// The same in a form of the caller's choice.
    #[must_use]
    pub fn render_in(&self, form: Form) -> String {
        match form {
            Form::Json => self.json(),
            Form::Short | Form::Whole => self.text("error", AnsiColor::Red, form),
        }
    }

    /// The same facts for somebody who goes on all the same.
    #[must_use]
    pub fn render_as_warning(&self) -> String {
        self.text("warning", AnsiColor::Yellow, Form::chosen())
    }

    fn json(&self) -> String {
        let Self { exit, message, causes, hints } = self;
        let error = json!({ "message": message, "causes": causes, "hints": hints, "exitCode": exit.code() });
        format!("{}\n", flyte_text::sanitize_json(&json!({ "error": error }).to_string()))
    }

    fn text(&self, word: &str, color: AnsiColor, form: Form) -> String {
        let bold = Style::new().bold().fg_color(Some(color.into()));
        let hint = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        let shown = |text: &str| indent(&if form == Form::Short { shorten(text) } else { text.to_owned() });
        let mut text = format!("{bold}{word}:{bold:#} {}\n", shown(&self.message));
        for cause in &self.causes {
            text.push_str(&format!("  caused by: {}\n", shown(cause)));
        }
        for line in &self.hints {
            text.push_str(&format!("{hint}hint:{hint:#} {}\n", shown(line)));
        }
        text
    }
}

/// Up to this many lines and bytes, a text is printed whole.
const WHOLE: (usize, usize) = (40, 4_000);
/// The parts of longer texts that are printed: where a list of differences begins, and where a traceback ends.
const HEAD: (usize, usize) = (25, 2_500);
const TAIL: (usize, usize) = (10, 1_000);

/// Leaves out the middle of a long text, and says so.
fn shorten(text: &str) -> String {
    let text = text.trim_end();
    if text.lines().count() <= WHOLE.0 && text.len() <= WHOLE.1 {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(HEAD.1)];
    let head = head.match_indices('\n').nth(HEAD.0 - 1).map_or(head, |(end, _)| &head[..end]);
    let tail = &text[text.ceil_char_boundary(text.len() - TAIL.1)..];
    let tail = tail.rmatch_indices('\n').nth(TAIL.0 - 1).map_or(tail, |(start, _)| &tail[start + 1..]);
    let left_out = text.len() - head.len() - tail.len();
    format!("{head}\n… {left_out} bytes are left out here; see them with `-v` or `-o json` …\n{tail}")
}

/// Keeps a text of several lines together under its first; empty lines stay empty.
fn indent(text: &str) -> String {
    let mut lines = text.trim_end().lines().map(clean);
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |text, line| match line.trim_end() {
        "" => text + "\n",
        line => text + "\n    " + line,
    })
}

/// A line without what a terminal would act on: servers and plugins have their say in failures.
fn clean(line: &str) -> String {
    flyte_text::sanitize(line).into_owned()
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        if let LoadError::Create(fault) = error {
            let mut failure = Self::new(Exit::PluginUnusable, &fault);
            failure.causes = fault.causes();
            failure.hints = fault.hints();
            return failure;
        }
        let failure = Self::from_error(Exit::PluginUnusable, &error).hint(error.hint());
        match &error {
            LoadError::Select(select) => select.cause().into_iter().fold(failure, Self::caused_by),
            LoadError::NamedTwice { first, second, .. } if first != second => {
                failure.caused_by(format_args!("`{}` and `{}`", first.display(), second.display()))
            }
            _ => failure,
        }
    }
}

impl From<WriteError> for CommandError {
    fn from(WriteError(error): WriteError) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::PipeClosed, "the output was closed"),
            _ => Self::new(Exit::Failed, "could not write the output").caused_by(error),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::from_error(Exit::Failed, &error).hint(error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(cause: &str, form: Form) -> String {
        let failure = CommandError::new(Exit::Refused, "no").caused_by(cause).hint("do".to_owned());
        anstream::adapter::strip_str(&failure.render_in(form)).to_string()
    }

    #[test]
    fn programs_get_everything_as_one_line() {
        let text = rendered("a\n\u{1b}[31mb", Form::Json);
        assert_eq!(text.lines().count(), 1);
        let expected = json!({ "error": { "message": "no", "causes": ["a\n\u{1b}[31mb"], "hints": ["do"], "exitCode": 22 } });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
    }

    #[test]
    fn long_texts_keep_their_beginning_and_their_end() {
        let lines: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
        let short = rendered(&lines.join("\n"), Form::Short);
        let shown: Vec<&str> = short.lines().map(str::trim).collect();
        assert_eq!(shown[1], "caused by: line 1");
        assert_eq!(shown[25], "line 25");
        assert_eq!(shown[26], "… 1412 bytes are left out here; see them with `-v` or `-o json` …");
        assert_eq!(
            shown[27..],
            [
                "line 191", "line 192", "line 193", "line 194", "line 195", "line 196", "line 197",
                "line 198", "line 199", "line 200", "hint: do"
            ]
        );
        assert!(rendered(&lines.join("\n"), Form::Whole).contains("line 100"));
    }

    #[test]
    fn one_long_line_is_shortened_between_letters() {
        let short = rendered(&"ü".repeat(100_000), Form::Short);
        assert!(short.len() < 4_000, "{}", short.len());
        assert!(short.contains("… 196500 bytes are left out here"), "{short}");
        assert_eq!(rendered("short\nenough", Form::Short), rendered("short\nenough", Form::Whole));
    }

    #[test]
    fn a_terminal_does_not_act_on_what_servers_say() {
        let text = rendered("\u{1b}[2J\u{1b}]0;title\u{7}red\r\nbell\u{7} \u{202e}back\ttab", Form::Whole);
        let expected = "error: no\n  caused by: \\u{1b}[2J\\u{1b}]0;title\\u{7}red\n    bell\\u{7} \\u{202e}back\ttab\nhint: do\n";
        assert_eq!(text, expected);
    }
}
