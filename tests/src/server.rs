//! A server for one test: a child process that prints its address, and ends with the test.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use regex::Regex;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    endpoint: String,
    /// Some servers end when it is closed.
    _stdin: Option<ChildStdin>,
}

impl Server {
    /// Starts a server, and waits for the line of its standard output that names its address.
    ///
    /// # Panics
    ///
    /// If it ends without naming one.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a program that can be run");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let address = Regex::new(r"\b127\.0\.0\.1:[0-9]+\b").expect("a pattern that is right");
        let mut said = String::new();
        let endpoint = loop {
            let start = said.len();
            if output.read_line(&mut said).expect("text") == 0 {
                panic!("the server ended before it listened; it said: {said}");
            }
            if let Some(found) = address.find(&said[start..]) {
                break found.as_str().to_owned();
            }
        };
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { _stdin: child.stdin.take(), child, endpoint }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
