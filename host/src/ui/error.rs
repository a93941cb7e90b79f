//! The error of a command, and how it is printed: what could not be done, where, why, and what to do.
//!
//! Servers send messages of any length: programs, files and `-v` get the whole text, a terminal its head and
//! tail.

use std::{error::Error, fmt, io, sync::Arc};

use anstyle::{AnsiColor, Style};
use plugin_abi::PluginError;
use plugin_host::{Identity, LoadError};
use serde_json::json;

use super::{exit_code::Exit, stream::WriteError};
use crate::settings::SettingsError;

/// How errors are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    /// Text for a terminal: long messages are shortened.
    Short,
    /// Text, unabridged.
    Whole,
    /// One line of JSON: `{"error": {"message", "causes", "hints", "exitCode"}}`, `"location"` where there is
    /// one, and `"plugin": {"name", "version", "hook", "panickedAt"}` where one failed.
    Json,
}

/// Why a command ends without success: the message, where, why, and what the reader can do.
///
/// Causes are kept as errors, so that a caller can [find](Self::find) one of a type; their sources are walked
/// when the error is printed.
#[derive(Clone, Debug)]
pub(crate) struct CommandError {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What could not be done; its own sources are the first causes.
    error: Shared,
    /// Printed before the message: `t1.yaml:4`, `task.yaml, document 1`.
    location: Option<String>,
    /// Below the sources of `error`, from the outermost to the root.
    causes: Vec<Shared>,
    hints: Vec<String>,
    plugin: Option<FailedPlugin>,
}

/// The plugin whose function failed.
#[derive(Clone, Debug)]
pub(crate) struct FailedPlugin {
    /// The plugin.
    pub(crate) identity: Identity,
    /// The name of the hook; `None` for a command, a default or a callback.
    pub(crate) hook: Option<&'static str>,
}

/// What a plugin's function returned as its error, or a panic in it.
#[derive(Debug)]
struct PluginCause {
    message: String,
    /// `file:line` of a panic.
    panicked_at: Option<String>,
}

impl fmt::Display for PluginCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panicked_at {
            Some(location) => write!(f, "{} ({location})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for PluginCause {}

/// An error of any type.
type Shared = Arc<dyn Error + Send + Sync>;

/// A message or a cause that is only text.
#[derive(Debug)]
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cause {}

impl CommandError {
    /// An error without causes or hints. The message is lower case, without a full stop.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self::from_error(exit, Cause(message.to_string()))
    }

    /// An error whose message is that of `error`, and whose causes are the sources of `error`.
    pub(crate) fn from_error(exit: Exit, error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            exit,
            error: Arc::new(error),
            location: None,
            causes: Vec::new(),
            hints: Vec::new(),
            plugin: None,
        }
    }

    /// Adds a cause and its sources below the causes so far.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.causes.push(cause.into().into());
        self
    }

    /// Adds causes that are only text, the outermost first.
    #[must_use]
    pub(crate) fn with_causes(mut self, causes: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let causes = causes.into_iter().map(|cause| Arc::new(Cause(cause.to_string())) as Shared);
        self.causes.extend(causes);
        self
    }

    /// Adds a hint, if there is one.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hints.extend(hint.into());
        self
    }

    /// Says which plugin failed.
    #[must_use]
    pub(crate) fn in_plugin(self, plugin: FailedPlugin) -> Self {
        Self { plugin: Some(plugin), ..self }
    }

    /// Adds what a plugin returned as a cause, and its causes below.
    #[must_use]
    pub(crate) fn caused_by_plugin(self, error: &PluginError) -> Self {
        let panicked_at = error.location().map(str::to_owned);
        let cause = PluginCause { message: error.message().to_owned(), panicked_at };
        self.caused_by(cause).with_causes(error.causes())
    }

    /// Takes these hints in place of those so far.
    #[must_use]
    pub(crate) fn replace_hints(self, hints: impl IntoIterator<Item = String>) -> Self {
        Self { hints: hints.into_iter().collect(), ..self }
    }

    /// Says where the error is: a file with a line or document, or an input.
    #[must_use]
    pub(crate) fn at(self, location: impl fmt::Display) -> Self {
        Self { location: Some(location.to_string()), ..self }
    }

    /// Puts a message above this one, which becomes the first cause. The location stays in front.
    #[must_use]
    pub(crate) fn context(mut self, message: impl fmt::Display) -> Self {
        let inner = std::mem::replace(&mut self.error, Arc::new(Cause(message.to_string())));
        self.causes.insert(0, inner);
        self
    }

    /// What could not be done, without location and causes.
    #[must_use]
    pub(crate) fn message(&self) -> String {
        self.error.to_string()
    }

    /// The text of each cause, from the outermost to the root.
    #[must_use]
    pub(crate) fn causes(&self) -> Vec<String> {
        self.chain().skip(1).map(ToString::to_string).collect()
    }

    /// The message and the causes.
    #[must_use]
    pub(crate) fn facts(&self) -> Vec<String> {
        self.chain().map(ToString::to_string).collect()
    }

    /// What the reader can do, each a sentence of its own.
    #[must_use]
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The first error of a type among the message and the causes.
    #[must_use]
    pub(crate) fn find<E: Error + 'static>(&self) -> Option<&E> {
        self.chain().find_map(|error| error.downcast_ref())
    }

    /// Whether the message or a cause has exactly this text.
    #[must_use]
    pub(crate) fn mentions(&self, fact: &str) -> bool {
        self.facts().iter().any(|known| known == fact)
    }

    fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::once(&self.error).chain(&self.causes).flat_map(with_sources)
    }

    /// The text for the standard error, with styles that the stream removes where they are not wanted.
    #[must_use]
    pub(crate) fn render(&self, format: ErrorFormat) -> String {
        match format {
            ErrorFormat::Json => self.to_json(),
            ErrorFormat::Short | ErrorFormat::Whole => self.to_text("error", AnsiColor::Red, format),
        }
    }

    /// The same as a warning, for a command that continues; text in every format.
    #[must_use]
    pub(crate) fn render_as_warning(&self, format: ErrorFormat) -> String {
        self.to_text("warning", AnsiColor::Yellow, format)
    }

    fn to_json(&self) -> String {
        let causes: Vec<String> = self.chain().skip(1).map(cause_to_json).collect();
        let mut error = json!({
            "message": self.message(),
            "causes": causes,
            "hints": self.hints,
            "exitCode": self.exit.code(),
        });
        if let Some(location) = &self.location {
            error["location"] = location.as_str().into();
        }
        if let Some(FailedPlugin { identity, hook }) = &self.plugin {
            error["plugin"] = json!({
                "name": identity.name,
                "version": identity.version,
                "hook": hook,
                "panickedAt": self.find::<PluginCause>().and_then(|cause| cause.panicked_at.as_deref()),
            });
        }
        format!("{}\n", flyte_text::sanitize_json(&json!({ "error": error }).to_string()))
    }

    fn to_text(&self, label: &str, color: AnsiColor, form: ErrorFormat) -> String {
        let bold = Style::new().bold().fg_color(Some(color.into()));
        let hint = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        let shown =
            |text: &str| indent(&if form == ErrorFormat::Short { shorten(text) } else { text.to_owned() });
        let location = self.location.iter().map(|location| format!("{}: ", shown(location)));
        let location: String = location.collect();
        let mut text = format!("{bold}{label}:{bold:#} {location}{}\n", shown(&self.message()));
        for cause in self.causes() {
            text.push_str(&format!("  caused by: {}\n", shown(&cause)));
        }
        for line in &self.hints {
            text.push_str(&format!("{hint}hint:{hint:#} {}\n", shown(line)));
        }
        text
    }
}

/// The location of a panic is a key of its own.
fn cause_to_json(cause: &(dyn Error + 'static)) -> String {
    match cause.downcast_ref::<PluginCause>() {
        Some(cause) => cause.message.clone(),
        None => cause.to_string(),
    }
}

fn with_sources(error: &Shared) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error.as_ref();
    std::iter::successors(Some(first), |error| (**error).source())
}

/// Lines and bytes up to which a text is printed unabridged.
const WHOLE: (usize, usize) = (40, 4_000);
/// Lines and bytes that are printed of a longer text: the head of a list of differences, and the tail of a
/// traceback.
const HEAD: (usize, usize) = (25, 2_500);
const TAIL: (usize, usize) = (10, 1_000);

/// Omits the middle of a long text.
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
    format!("{head}\n… {left_out} bytes omitted; use `-v` or `-o json` to see them …\n{tail}")
}

/// Indents all lines but the first; empty lines stay empty.
fn indent(text: &str) -> String {
    let mut lines = text.trim_end().lines().map(clean);
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |text, line| match line.trim_end() {
        "" => text + "\n",
        line => text + "\n    " + line,
    })
}

/// Escapes control characters: messages contain text of servers and plugins.
fn clean(line: &str) -> String {
    flyte_text::sanitize(line).into_owned()
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        if let LoadError::Create(fault) = error {
            return Self { exit: Exit::PluginUnusable, ..Self::from(fault) };
        }
        let hint = error.hint();
        let causes = match &error {
            LoadError::Select(select) => select.cause(),
            LoadError::NamedTwice { first, second, .. } if first != second => {
                Some(format!("`{}` and `{}`", first.display(), second.display()))
            }
            _ => None,
        };
        Self::from_error(Exit::PluginUnusable, error).hint(hint).with_causes(causes)
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
        let hint = error.hint();
        Self::from_error(Exit::Failed, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(cause: &str, form: ErrorFormat) -> String {
        let failure = CommandError::new(Exit::Refused, "no").caused_by(cause).hint("do".to_owned());
        anstream::adapter::strip_str(&failure.render(form)).to_string()
    }

    #[test]
    fn programs_get_everything_as_one_line() {
        let text = rendered("a\n\u{1b}[31mb", ErrorFormat::Json);
        assert_eq!(text.lines().count(), 1);
        let expected = json!({ "error": { "message": "no", "causes": ["a\n\u{1b}[31mb"], "hints": ["do"], "exitCode": 22 } });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
    }

    #[test]
    fn long_texts_keep_their_beginning_and_their_end() {
        let lines: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
        let short = rendered(&lines.join("\n"), ErrorFormat::Short);
        let shown: Vec<&str> = short.lines().map(str::trim).collect();
        assert_eq!(shown[1], "caused by: line 1");
        assert_eq!(shown[25], "line 25");
        assert_eq!(shown[26], "… 1412 bytes omitted; use `-v` or `-o json` to see them …");
        assert_eq!(
            shown[27..],
            [
                "line 191", "line 192", "line 193", "line 194", "line 195", "line 196", "line 197",
                "line 198", "line 199", "line 200", "hint: do"
            ]
        );
        assert!(rendered(&lines.join("\n"), ErrorFormat::Whole).contains("line 100"));
    }

    #[test]
    fn one_long_line_is_shortened_between_letters() {
        let short = rendered(&"ü".repeat(100_000), ErrorFormat::Short);
        assert!(short.len() < 4_000, "{}", short.len());
        assert!(short.contains("… 196500 bytes omitted"), "{short}");
        assert_eq!(
            rendered("short\nenough", ErrorFormat::Short),
            rendered("short\nenough", ErrorFormat::Whole)
        );
    }

    #[test]
    fn causes_are_walked_and_found_by_type() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let error =
            CommandError::new(Exit::Failed, "no").caused_by(source).context("cannot register").at("t.yaml:4");
        assert_eq!(error.facts(), ["cannot register", "no", "permission denied"]);
        assert!(error.mentions("no") && error.find::<io::Error>().is_some());
        let text = anstream::adapter::strip_str(&error.render(ErrorFormat::Whole)).to_string();
        assert_eq!(
            text,
            "error: t.yaml:4: cannot register\n  caused by: no\n  caused by: permission denied\n"
        );
        let value: serde_json::Value = serde_json::from_str(&error.render(ErrorFormat::Json)).unwrap();
        assert_eq!(
            (&value["error"]["location"], &value["error"]["message"]),
            (&json!("t.yaml:4"), &json!("cannot register"))
        );
    }

    #[test]
    fn a_plugin_and_the_location_of_its_panic_are_keys_for_programs() {
        let identity = Identity { name: "acme".to_owned(), version: "1.0.0".to_owned(), homepage: None };
        let panic = PluginCause { message: "no".to_owned(), panicked_at: Some("lib.rs:7".to_owned()) };
        let error = CommandError::new(Exit::PluginFailed, "plugin `acme` 1.0.0 panicked in `get_remote`")
            .in_plugin(FailedPlugin { identity, hook: Some("get_remote") })
            .caused_by(panic);
        let value: serde_json::Value = serde_json::from_str(&error.render(ErrorFormat::Json)).unwrap();
        assert_eq!(value["error"]["causes"], json!(["no"]));
        assert_eq!(
            value["error"]["plugin"],
            json!({ "name": "acme", "version": "1.0.0", "hook": "get_remote", "panickedAt": "lib.rs:7" })
        );
        assert!(error.render(ErrorFormat::Whole).contains("caused by: no (lib.rs:7)\n"));
    }

    #[test]
    fn a_terminal_does_not_act_on_what_servers_say() {
        let text =
            rendered("\u{1b}[2J\u{1b}]0;title\u{7}red\r\nbell\u{7} \u{202e}back\ttab", ErrorFormat::Whole);
        let expected = "error: no\n  caused by: \\u{1b}[2J\\u{1b}]0;title\\u{7}red\n    bell\\u{7} \\u{202e}back\ttab\nhint: do\n";
        assert_eq!(text, expected);
    }
}
