//! An identity provider: npm's `oidc-provider`, which is certified.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Port, Programs};
use crate::Server;

/// How long an answer may take: much longer than any does.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A provider that issues tokens for any name. It remembers everything while it is stopped.
#[derive(Debug)]
pub struct Provider {
    programs: Programs,
    folder: TempDir,
    port: Port,
    access_token_seconds: u32,
    server: Option<Server>,
}

impl Provider {
    /// Starts one whose tokens live for ten minutes.
    #[must_use]
    pub fn start(programs: &Programs) -> Self {
        Self::start_with_tokens_of(programs, 600)
    }

    /// Starts one whose access tokens live for so many seconds.
    #[must_use]
    pub fn start_with_tokens_of(programs: &Programs, access_token_seconds: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let programs = programs.clone();
        programs.install("provider.mjs", folder.path());
        let mut provider = Self { programs, folder, port: Port::claim(), access_token_seconds, server: None };
        provider.restart();
        provider
    }

    /// Its address, as tokens name it.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// Stops it: connections to its address are refused.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again, at the same address and with the same memory.
    pub fn restart(&mut self) {
        self.stop();
        let mut node = Command::new(&self.programs.node);
        node.arg("provider.mjs").current_dir(self.folder.path());
        node.env("PORT", self.port.number().to_string()).env("STATE", self.folder.path().join("state.json"));
        node.env("ACCESS_TOKEN_SECONDS", self.access_token_seconds.to_string());
        node.stderr(Stdio::null());
        self.server = Some(Server::start(&mut node));
    }

    /// Makes every token void that it gave. Servers that judge access tokens by their signature do not
    /// notice.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    pub fn revoke_all(&self) {
        let answer = self.post("/test/revoke-all", "", "");
        assert!(answer.ends_with("done\n"), "{answer}");
    }

    /// An access token of its client `flytepropeller`, which a server takes.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[must_use]
    pub fn token(&self) -> String {
        // `flytepropeller` and its secret, as forms encode it.
        let basic = "Zmx5dGVwcm9wZWxsZXI6YStzZWNyZXQrb2YrdGhlK3Rlc3QlM0ErJTI1JTJCJTJGJTNE";
        let headers =
            format!("Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let answer = self.post("/token", &headers, "grant_type=client_credentials&scope=all");
        let (_head, body) = answer.split_once("\r\n\r\n").expect("an answer with a body");
        let answer: Value = serde_json::from_str(body).expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// The secrets that it gave or was shown: codes of browsers and devices, refresh tokens, what proves who
    /// asked.
    ///
    /// # Panics
    ///
    /// If it has given none.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.folder.path().join("state.json")).expect("the provider's memory");
        let state: Vec<(String, Value)> = serde_json::from_str(&text).expect("what it wrote as JSON");
        let kinds = ["AuthorizationCode", "DeviceCode", "RefreshToken", "Verifier"];
        let secret = |(key, _): &(String, Value)| {
            let (kind, secret) = key.split_once(':')?;
            kinds.contains(&kind).then(|| (kind.to_owned(), secret.to_owned()))
        };
        state.iter().filter_map(secret).collect()
    }

    /// The whole answer to a request.
    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port.number())).expect("a running provider");
        let host = format!("Host: 127.0.0.1:{}\r\nContent-Length: {}\r\n", self.port.number(), body.len());
        stream.set_read_timeout(Some(ANSWER_LIMIT)).expect("a limit above zero");
        write!(stream, "POST {path} HTTP/1.0\r\n{host}{headers}\r\n{body}").expect("a running provider");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    }
}
