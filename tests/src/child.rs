//! A program that runs beside a test. Every wait for it has a limit, so that the test fails instead of
//! hanging.

use std::{
    io::Read,
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use wait_timeout::ChildExt as _;

/// How long a line may take: much longer than any does on a busy machine.
const LINE_LIMIT: Duration = Duration::from_secs(60);

/// How long the whole program may take: some compile plugins, as the documentation shows.
const END_LIMIT: Duration = Duration::from_secs(900);

/// One of the two pipes that a program writes into.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
}

/// A program that was started by a test, and is killed when this is dropped.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    stderr: Pipe,
    stdout: Pipe,
}

impl ChildProcess {
    /// Starts a program. Only the streams that the command pipes can be read.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("a program that can be run");
        let stderr = child.stderr.take().map_or_else(Pipe::closed, Pipe::read);
        let stdout = child.stdout.take().map_or_else(Pipe::closed, Pipe::read);
        Self { child, stderr, stdout }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the program reads, if the command pipes it.
    pub(crate) fn stdin(&mut self) -> Option<&mut ChildStdin> {
        self.child.stdin.as_mut()
    }

    /// Waits for a line with a text and returns it.
    ///
    /// # Panics
    ///
    /// If the program ends without printing it, or does not print it within 60 s.
    #[track_caller]
    pub fn until(&mut self, stream: Stream, text: &str) -> String {
        let deadline = Instant::now() + LINE_LIMIT;
        loop {
            let pipe = match stream {
                Stream::Stderr => &mut self.stderr,
                Stream::Stdout => &mut self.stdout,
            };
            match pipe.line(deadline) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => self.fail(error, &format!("no line with `{text}`")),
            }
        }
    }

    /// Sends SIGINT.
    ///
    /// # Panics
    ///
    /// If the program has ended.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.pid().to_string()]).status();
        assert!(sent.expect("`kill`").success(), "the program has ended");
    }

    /// Waits for the end of the program and of its output; returns all of it.
    ///
    /// # Panics
    ///
    /// If the program does not end within 15 min.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        let deadline = Instant::now() + END_LIMIT;
        let drained = self.stdout.drain(deadline).and_then(|()| self.stderr.drain(deadline));
        if let Err(error) = drained {
            self.fail(error, "no end of the output");
        }
        let status = self.child.wait_timeout(remaining(deadline)).expect("a child of this test");
        let Some(status) = status else { self.fail(RecvTimeoutError::Timeout, "no end of the program") };
        Output { status, stdout: self.stdout.take(), stderr: self.stderr.take() }
    }

    #[track_caller]
    fn fail(&self, error: RecvTimeoutError, missing: &str) -> ! {
        let reason = match error {
            RecvTimeoutError::Disconnected => "the program closed its output",
            RecvTimeoutError::Timeout => "the time limit was reached",
        };
        panic!("{missing}: {reason}; printed so far:\n{}{}", self.stdout.text(), self.stderr.text());
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end and returns its output, as [`Command::output`] does.
///
/// # Panics
///
/// If it cannot be started, or does not end within 15 min.
#[track_caller]
pub fn output(command: &mut Command) -> Output {
    ChildProcess::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped())).finish()
}

/// What a program writes, read by a thread of its own, since reading a pipe has no time limit.
#[derive(Debug)]
struct Pipe {
    chunks: Receiver<Vec<u8>>,
    /// Everything that was printed so far.
    bytes: Vec<u8>,
    /// Where the first line starts that was not returned yet.
    next: usize,
}

impl Pipe {
    fn read(mut stream: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            // A terminal that is gone is an error to read from.
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                // Also if the test has stopped reading, so that the pipe never fills.
                let _ = sender.send(buffer[..length].to_vec());
            }
        });
        Self { chunks, bytes: Vec::new(), next: 0 }
    }

    /// The pipe of a stream that goes elsewhere.
    fn closed() -> Self {
        Self { chunks: mpsc::channel().1, bytes: Vec::new(), next: 0 }
    }

    /// The next line without its end; the last one need not have any.
    fn line(&mut self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        loop {
            let rest = &self.bytes[self.next..];
            if let Some(length) = rest.iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8_lossy(&rest[..length]).trim_end().to_owned();
                self.next += length + 1;
                return Ok(line);
            }
            match self.chunks.recv_timeout(remaining(deadline)) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(RecvTimeoutError::Disconnected) if self.next < self.bytes.len() => {
                    let line = String::from_utf8_lossy(&self.bytes[self.next..]).into_owned();
                    self.next = self.bytes.len();
                    return Ok(line);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads to the end.
    fn drain(&mut self, deadline: Instant) -> Result<(), RecvTimeoutError> {
        loop {
            match self.chunks.recv_timeout(remaining(deadline)) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn text(&self) -> String {
        let printed = self.bytes.iter().copied().chain(self.chunks.try_iter().flatten());
        String::from_utf8_lossy(&printed.collect::<Vec<_>>()).into_owned()
    }
}

fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_line_that_does_not_come_is_a_timeout_or_the_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"one\ntwo?").unwrap();
        let mut pipe = Pipe::read(reader);
        let deadline = Instant::now() + LINE_LIMIT;
        assert_eq!(pipe.line(deadline).as_deref(), Ok("one"));
        assert_eq!(pipe.line(Instant::now()), Err(RecvTimeoutError::Timeout));
        assert_eq!(pipe.text(), "one\ntwo?");
        drop(writer);
        assert_eq!(pipe.line(deadline).as_deref(), Ok("two?"));
        assert_eq!(pipe.line(deadline), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn output_has_both_streams_and_the_status() {
        let printed = output(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]));
        assert_eq!((printed.stdout.as_slice(), printed.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(printed.status.code(), Some(3));
    }
}
