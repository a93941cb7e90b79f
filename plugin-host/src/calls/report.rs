//! What the user reads when a process ends inside a plugin. Written without allocation and locks, in one
//! `write`.

use std::sync::{
    Mutex,
    atomic::{
        AtomicBool, AtomicU8,
        Ordering::{AcqRel, Relaxed},
    },
};

use super::{
    record::{CallRecord, RecordText},
    shared::{self, REPORTED},
};

/// The exit code of a plugin that failed.
pub(super) const PLUGIN_FAILED: u8 = 11;

/// The exit code of a bug in the program.
pub(super) const INTERNAL_ERROR: u8 = 70;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportFormat {
    /// Text for a person.
    Text,
    /// One line of JSON: `{"error": {"message", "causes", "hints", "exitCode"}}`.
    Json,
    /// Not at all; the journal keeps it for the next start.
    Silent,
}

static FORMAT: AtomicU8 = AtomicU8::new(ReportFormat::Text as u8);
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Chooses the format for the rest of the process.
pub fn set_report_format(format: ReportFormat) {
    FORMAT.store(format as u8, Relaxed);
}

pub(super) fn is_silent() -> bool {
    FORMAT.load(Relaxed) == ReportFormat::Silent as u8
}

/// How a process ends inside a plugin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    /// A function of the C library that ends the process, and the exit code if it is known.
    Exit(&'static str, Option<i32>),
    /// A `fork` whose child returned to the host.
    ReturnedTwice,
    /// A signal: its number and its name.
    Signal(u8, &'static str),
    /// As `Signal`, because the stack is full.
    StackOverflow(u8),
    /// No answer within milliseconds, and how to change the limit.
    TimedOut(u64, &'static str),
}

/// Reports how a call ends, unless this process has reported an end before: `abort` follows upon a crash.
pub(super) fn write(record: &CallRecord, death: Death) {
    if WRITTEN.swap(true, AcqRel) || is_silent() {
        return;
    }
    // The stack of a signal handler has little room beyond the registers.
    static LINE: Mutex<Line> = Mutex::new(Line::EMPTY);
    let Ok(mut line) = LINE.try_lock() else { return };
    line.render(record, death, FORMAT.load(Relaxed) == ReportFormat::Json as u8);
    write_all(line.bytes());
    if let Some(shared) = shared::existing() {
        shared.state.store(REPORTED, Relaxed);
    }
}

/// Writes that a call is waited for, unless reports are for programs.
pub(super) fn note_waiting(record: &CallRecord) {
    if FORMAT.load(Relaxed) == ReportFormat::Text as u8 {
        let RecordText { plugin, site, .. } = &record.text;
        write_all(format!("waiting for {plugin} {site} (press Ctrl-C to stop)\n").as_bytes());
    }
}

/// Best effort: an error cannot be reported anywhere.
fn write_all(bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(rustix::stdio::stderr(), rest) {
            Ok(written) if written > 0 => rest = &rest[written..],
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}

/// A text in memory that is there already; what is too long is cut.
struct Line {
    bytes: [u8; 2048],
    length: usize,
}

impl Line {
    const EMPTY: Self = Self { bytes: [0; 2048], length: 0 };

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn render(&mut self, record: &CallRecord, death: Death, json: bool) {
        let RecordText { plugin, site, hint } = if json { &record.json } else { &record.text };
        let (verb, code) = match death {
            Death::Exit(..) => (" ended the process ", PLUGIN_FAILED),
            Death::ReturnedTwice => (" forked the process ", PLUGIN_FAILED),
            Death::Signal(signal, _) | Death::StackOverflow(signal) => (" crashed ", 128 + signal),
            Death::TimedOut(..) => (" timed out ", PLUGIN_FAILED),
        };
        let (start, cause, hints, next, end) = match json {
            true => ("{\"error\":{\"message\":\"", "\",\"causes\":[\"", "\"],\"hints\":[\"", "\",\"", "\"]"),
            false => ("error: ", "\n  caused by: ", "\nhint: ", "\nhint: ", "\n"),
        };
        self.push(&[start, plugin, verb, site, cause]);
        self.push_cause(death);
        self.push(&[hints]);
        if let Death::TimedOut(_, limit) = death {
            self.push(&[limit, next]);
        }
        self.push(&[hint, end]);
        if json {
            self.push(&[",\"exitCode\":"]);
            self.push_number(code.into());
            self.push(&["}}\n"]);
        }
    }

    fn push_cause(&mut self, death: Death) {
        match death {
            Death::Exit(function, None) => self.push(&["`", function, "` was called"]),
            Death::Exit(function, Some(code)) => {
                self.push(&["`", function, if code < 0 { "(-" } else { "(" }]);
                self.push_number(code.unsigned_abs().into());
                self.push(&[")` was called"]);
            }
            Death::ReturnedTwice => self.push(&["the child of `fork` returned to the host"]),
            Death::Signal(_, name) => self.push(&[name]),
            Death::StackOverflow(_) => self.push(&["stack overflow"]),
            Death::TimedOut(milliseconds, _) => {
                self.push(&["no answer within "]);
                self.push_number(milliseconds / 1000);
                if milliseconds % 1000 != 0 {
                    self.push(&["."]);
                    self.push_number(milliseconds % 1000 / 100);
                }
                self.push(&[" s"]);
            }
        }
    }

    fn push(&mut self, texts: &[&str]) {
        for text in texts {
            let free = &mut self.bytes[self.length..];
            let length = text.len().min(free.len());
            free[..length].copy_from_slice(&text.as_bytes()[..length]);
            self.length += length;
        }
    }

    fn push_number(&mut self, number: u64) {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let mut unit = 1;
        while number / unit > 9 {
            unit *= 10;
        }
        while unit > 0 {
            self.push(&[DIGITS[(number / unit % 10) as usize]]);
            unit /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, calls::record::CallLimit};

    fn rendered(death: Death, json: bool) -> String {
        let identity = Identity {
            name: "acme".to_owned(),
            version: "1.0.0".to_owned(),
            homepage: Some("https://acme.example/\"bugs\"".to_owned()),
        };
        let record = CallRecord::new(&identity, "in `get_remote`", CallLimit::Hook);
        let mut line = Line::EMPTY;
        line.render(record, death, json);
        String::from_utf8(line.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_report_names_plugin_hook_cause_and_remedy() {
        let text = rendered(Death::Signal(11, "segmentation fault (SIGSEGV)"), false);
        snapbox::assert_data_eq!(
            text,
            snapbox::str![[r#"
error: plugin `acme` 1.0.0 crashed in `get_remote`
  caused by: segmentation fault (SIGSEGV)
hint: report this plugin bug at <https://acme.example/"bugs">; use `--no-plugins` to continue without it

"#]]
        );
    }

    #[test]
    fn every_report_is_json_for_programs() {
        let deaths = [
            (Death::Exit("exit", None), "`exit` was called", 11),
            (Death::Exit("exit", Some(-1)), "`exit(-1)` was called", 11),
            (Death::ReturnedTwice, "the child of `fork` returned to the host", 11),
            (Death::Signal(6, "abort"), "abort", 134),
            (Death::StackOverflow(11), "stack overflow", 139),
            (Death::TimedOut(60_000, "set `T`"), "no answer within 60 s", 11),
            (Death::TimedOut(1_500, "set `T`"), "no answer within 1.5 s", 11),
        ];
        for (death, cause, code) in deaths {
            let value: serde_json::Value = serde_json::from_str(&rendered(death, true)).unwrap();
            let error = &value["error"];
            assert_eq!((&error["causes"][0], &error["exitCode"]), (&cause.into(), &code.into()));
            let last = error["hints"].as_array().unwrap().last().unwrap();
            assert!(last.as_str().unwrap().contains("/\"bugs\""), "{error}");
        }
    }
}
