//! Replaces what differs from machine to machine, and nothing else.
//!
//! | what | becomes |
//! |---|---|
//! | the test's home | `[HOME]` |
//! | the hash of a file, whole or its beginning | `[SHA256]` |
//! | the compiler | `[RUSTC]` |
//! | the machine | `[TARGET]` |
//! | the version of this workspace | `[VERSION]` |
//! | the name and number of a thread | `[THREAD]` |
//! | a port of this machine that the system chose, a process | `[PORT]`, `[PID]` |

use std::path::Path;

use regex::Regex;

/// What to replace in the output of one test.
#[derive(Debug)]
pub struct Redaction {
    home: String,
    patterns: Vec<(Regex, &'static str)>,
}

impl Redaction {
    pub(crate) fn new(home: &Path) -> Self {
        let version = regex::escape(env!("CARGO_PKG_VERSION"));
        let (bare, prefixed) = (format!(r"\b{version}\b"), format!(r"\bv{version}\b"));
        let patterns = [
            (r"\b[0-9a-f]{64}\b|\bsha256:[0-9a-f]{16}\b", "[SHA256]"),
            (r"\brustc [0-9]\S*( \([^)]*\))+", "[RUSTC]"),
            (r"\b(x86_64|aarch64)-[a-z]+-[a-z]+(-[a-z]+)?\b", "[TARGET]"),
            (&bare, "[VERSION]"),
            (&prefixed, "v[VERSION]"),
            (r"\btries within [0-9.]+ ?m?s\b", "tries within [TIME]"),
            (r"\b127\.0\.0\.1:[0-9]{4,5}\b", "127.0.0.1:[PORT]"),
            (r"\bprocess [0-9]+\b", "process [PID]"),
            (r"\bthread '[^']*'( \([0-9]+\))?", "[THREAD]"),
        ];
        let compiled = |(pattern, name)| (Regex::new(pattern).expect("a pattern that is right"), name);
        Self { home: home.display().to_string(), patterns: patterns.map(compiled).into() }
    }

    /// Replaces it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&self.home, "[HOME]");
        self.patterns
            .iter()
            .fold(text, |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
    }
}
