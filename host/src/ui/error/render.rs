//! How an error is printed: as text, or as JSON for programs.
//!
//! Servers send messages of any length: programs, files and `-v` get the whole text, a terminal its head and
//! tail.

use std::error::Error;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::{CommandError, FailedPlugin, PluginCause};

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

impl CommandError {
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
        if let Some(FailedPlugin { identity, hook }) = self.plugin.as_deref() {
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

#[cfg(test)]
mod tests {
    use plugin_host::Identity;

    use super::*;
    use crate::ui::exit_code::Exit;

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
