//! A server for measurements: a child process that says where it listens, and ends with the process that
//! measures.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Result;

/// A running server.
pub(super) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
}

impl Server {
    /// Starts a server, and waits for the line of its standard output that names its address.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        // Some servers end when their input does.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines.next().ok_or("the server ended before it listened")??;
            if let Some(start) = line.find("127.0.0.1:") {
                let rest = &line[start..];
                let end = rest.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter));
                break rest[..end.unwrap_or(rest.len())].to_owned();
            }
        };
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.map_while(std::result::Result::ok).for_each(drop));
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
