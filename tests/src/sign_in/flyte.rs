//! A Flyte that demands a token.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{Port, Programs, Provider, fixture};
use crate::Server;

/// A server on the official stubs that verifies the tokens of a provider.
#[derive(Debug)]
pub struct GuardedFlyte {
    server: Server,
    folder: TempDir,
    callback: Port,
}

impl GuardedFlyte {
    /// Starts one.
    #[must_use]
    pub fn start(programs: &Programs, provider: &Provider) -> Self {
        Self::start_with(programs, provider, &[])
    }

    /// Starts one with variables of `server.py`.
    #[must_use]
    pub fn start_with(programs: &Programs, provider: &Provider, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let callback = Port::claim();
        let mut python = Command::new(&programs.python);
        python.arg(fixture("server.py")).arg(folder.path().join("record.jsonl")).arg(provider.issuer());
        python.env("REDIRECT_URI", format!("http://localhost:{}/callback", callback.number()));
        python.env("PYTHONDONTWRITEBYTECODE", "1").envs(variables.iter().copied());
        Self { server: Server::start(&mut python), folder, callback }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The port to which it sends browsers back.
    #[must_use]
    pub fn callback(&self) -> u16 {
        self.callback.number()
    }

    /// The calls that it took, a line of JSON each, with the keys of their metadata. Calls without a good
    /// token are not among them.
    #[must_use]
    pub fn record(&self) -> String {
        fs::read_to_string(self.folder.path().join("record.jsonl")).expect("the server's file")
    }
}
