//! A server for one test: a child process that prints its address, and ends with the test.

use std::process::{Command, ExitStatus, Stdio};

use regex::Regex;

use crate::{ChildProcess, Stream};

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Its standard input stays open: some servers end when it is closed.
    child: ChildProcess,
    endpoint: String,
}

impl Server {
    /// Starts a server, and waits for the line of its standard output that names its address.
    ///
    /// # Panics
    ///
    /// If it ends without naming one, or names none within 60 s.
    #[must_use]
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut child = ChildProcess::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let line = child.until(Stream::Stdout, "127.0.0.1:");
        let address = Regex::new(r"\b127\.0\.0\.1:[0-9]+\b").expect("a pattern that is right");
        let endpoint = address.find(&line).unwrap_or_else(|| panic!("no port: {line}")).as_str().to_owned();
        Self { child, endpoint }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    ///
    /// If it does not within 15 min.
    #[must_use]
    #[track_caller]
    pub fn finish(self) -> ExitStatus {
        self.child.finish().status
    }
}
