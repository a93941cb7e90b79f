//! flyte-host while it is still running, and what it has printed so far.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::{ChildProcess, Output, Stream, TestEnvironment};

/// A run of the program that a test watches: line by line.
pub struct Running<'a> {
    home: &'a TestEnvironment,
    command: Command,
    child: ChildProcess,
    /// Where its messages are: on standard error, or on the terminal, which `script` copies to standard
    /// output.
    screen: Stream,
}

impl<'a> Running<'a> {
    /// Starts a command without a terminal.
    pub(crate) fn start(home: &'a TestEnvironment, mut command: Command) -> Self {
        let child = ChildProcess::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        Self { home, command, child, screen: Stream::Stderr }
    }

    /// Starts a command on a terminal of its own.
    pub(crate) fn start_on_terminal(home: &'a TestEnvironment, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = ChildProcess::spawn(&mut command);
        Self { home, command, child, screen: Stream::Stdout }
    }

    /// Waits for a line with a text and returns it.
    ///
    /// # Panics
    ///
    /// If the program ends without printing it, or does not print it within 60 s.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        self.child.until(self.screen, text)
    }

    /// The process id of the program, or of the terminal around it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Presses keys at the terminal; without one, Ctrl-C is a signal.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn press_ctrl_c(&mut self) {
        match self.child.stdin() {
            Some(keyboard) => {
                keyboard.write_all(b"\x03").and_then(|()| keyboard.flush()).expect("a terminal")
            }
            None => self.child.interrupt(),
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// If it does not end within 15 min.
    #[track_caller]
    pub fn finish(self) -> Output {
        let printed = self.child.finish();
        let (stdout, stderr) = match self.screen {
            Stream::Stderr => (printed.stdout, printed.stderr),
            Stream::Stdout => {
                (printed.stdout.into_iter().filter(|&byte| byte != b'\r').collect(), Vec::new())
            }
        };
        self.home.output(&self.command, &stdout, &stderr, printed.status)
    }
}
