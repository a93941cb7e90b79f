//! A program that is still running, and what it has printed so far.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
};

use crate::{Output, TestEnvironment};

/// A run of the program that a test watches: line by line.
pub struct Running<'a> {
    home: &'a TestEnvironment,
    command: Command,
    child: Child,
    /// Standard error, or the terminal.
    screen: Box<dyn BufRead>,
    seen: String,
    /// Standard output; nothing on a terminal, where it is on the screen.
    printed: Option<JoinHandle<Vec<u8>>>,
}

impl<'a> Running<'a> {
    /// Starts a command without a terminal.
    pub(crate) fn start(home: &'a TestEnvironment, mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program that can be run");
        let mut stdout = child.stdout.take().expect("a pipe");
        let read = move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        };
        let screen = Box::new(BufReader::new(child.stderr.take().expect("a pipe")));
        Self { home, command, child, screen, seen: String::new(), printed: Some(std::thread::spawn(read)) }
    }

    /// Starts a command on a terminal of its own.
    pub(crate) fn start_on_terminal(home: &'a TestEnvironment, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a program that can be run");
        let screen = Box::new(BufReader::new(child.stdout.take().expect("a pipe")));
        Self { home, command, child, screen, seen: String::new(), printed: None }
    }

    /// Waits for a line with a text, and gives it.
    ///
    /// # Panics
    ///
    /// If the program ends without printing it.
    pub fn until(&mut self, text: &str) -> String {
        loop {
            let start = self.seen.len();
            let length = self.screen.read_line(&mut self.seen).expect("text");
            assert_ne!(length, 0, "it ended without `{text}`; it printed: {}", self.seen);
            if self.seen[start..].contains(text) {
                return self.seen[start..].trim_end().to_owned();
            }
        }
    }

    /// The number of its process, or of the terminal around it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Presses keys at the terminal; without one, Ctrl-C is a signal.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn press_ctrl_c(&mut self) {
        match &mut self.child.stdin {
            Some(keyboard) => {
                keyboard.write_all(b"\x03").and_then(|()| keyboard.flush()).expect("a terminal")
            }
            None => {
                let pid = self.child.id().to_string();
                let sent = Command::new("kill").args(["-INT", &pid]).status().expect("`kill`");
                assert!(sent.success(), "it has ended");
            }
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Output {
        let mut rest = Vec::new();
        // A terminal that is gone is an error to read from.
        let _ = self.screen.read_to_end(&mut rest);
        self.seen.push_str(&String::from_utf8_lossy(&rest));
        let status: ExitStatus = self.child.wait().expect("a child of this test");
        match self.printed.take() {
            Some(printed) => {
                let stdout = printed.join().expect("a thread that only reads");
                self.home.output(&self.command, &stdout, self.seen.as_bytes(), status)
            }
            None => self.home.output(&self.command, self.seen.replace('\r', "").as_bytes(), b"", status),
        }
    }
}
