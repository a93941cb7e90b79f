//! Signing in for real: a certified provider, a Flyte that verifies its tokens, Chromium.

mod browser;
mod command;
mod flows;
mod leak;
mod official;
mod store;
mod terminal;

use std::{ffi::OsStr, fs, path::PathBuf};

use regex::Regex;
use serde_json::Value;
use tests::{
    Output, TestEnvironment,
    sign_in::{Browser, GuardedFlyte, Programs, Provider, UserAction},
};

use crate::home_with;

/// A home whose Flyte demands a token, and a provider that gives them.
struct Fixture {
    programs: Programs,
    provider: Provider,
    flyte: GuardedFlyte,
    home: TestEnvironment,
}

impl Fixture {
    /// Tokens are kept in files. `None`: the test is skipped.
    fn new() -> Option<Self> {
        let programs = Programs::prepared()?;
        let provider = Provider::start(&programs);
        Some(Self::at(programs, provider, &[]))
    }

    /// With variables of `server.py`.
    fn with(variables: &[(&str, &str)]) -> Option<Self> {
        let programs = Programs::prepared()?;
        let provider = Provider::start(&programs);
        Some(Self::at(programs, provider, variables))
    }

    fn at(programs: Programs, provider: Provider, variables: &[(&str, &str)]) -> Self {
        let flyte = GuardedFlyte::start_with(&programs, &provider, variables);
        let mut home = home_with(&[]);
        home.set("FLYTE_PLATFORM_URL", flyte.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
        home.set("FLYTE_TOKEN_STORE", "file");
        Self { programs, provider, flyte, home }
    }

    /// Starts a browser with a scripted user.
    fn browser(&mut self, person: UserAction) -> Browser {
        let browser = Browser::new(&self.programs, person);
        self.home.set("BROWSER", browser.program());
        browser
    }

    /// Signs in as a program, with a secret.
    fn as_a_program(&mut self) {
        self.home.set("FLYTE_CREDENTIALS_AUTH_MODE", "ClientSecret");
        self.home.set("FLYTE_CREDENTIALS_CLIENT_ID", "flytepropeller");
        self.home.set("FLYTE_CREDENTIALS_CLIENT_SECRET", SECRET);
        self.home.set("FLYTE_CREDENTIALS_SCOPES", "all");
    }

    /// What differs each time is replaced.
    fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        self.home.run(arguments).map(redact)
    }

    /// Lists projects, which needs a token.
    fn list_projects(&self) -> Output {
        self.run(["get", "projects", "-o", "name"])
    }

    /// The folder of tokens.
    fn folder(&self) -> PathBuf {
        self.home.home().join(".local/state/flyte-host")
    }

    /// The files with tokens.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect()
    }

    /// The file with the tokens of this Flyte.
    fn file(&self) -> PathBuf {
        let mut files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// The tokens that are kept.
    fn tokens(&self) -> Value {
        self.entry()["tokens"].clone()
    }

    fn entry(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    /// Changes the tokens that are kept.
    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut entry = self.entry();
        change(&mut entry["tokens"]);
        fs::write(self.file(), entry.to_string()).unwrap();
    }

    /// Makes the access token old, as far as the client can tell.
    fn expire(&self) {
        self.change(|tokens| {
            tokens["issued_at"] = "2024-05-01T12:00:00Z".into();
            tokens["expires_at"] = "2024-05-01T12:10:00Z".into();
        });
    }
}

/// The secret of the provider's client `flytepropeller`.
const SECRET: &str = "a secret of the test: %+/=";

/// Replaces what differs from run to run, and removes the terminal's escape sequences.
fn redact(text: &str) -> String {
    let replaced = [
        (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
        (r"\b(state|code_challenge|user_code)=[\w-]+", "$1=[..]"),
        (r"localhost(:|%3A)\d+", "localhost$1[PORT]"),
        (r"\b127\.0\.0\.1:\d+\b", "127.0.0.1:[PORT]"),
        (r"\b127-0-0-1-\d+\.[0-9a-f]{12}\.", "127-0-0-1-[PORT].[HASH]."),
        (r"\bport \d{4,5}\b", "port [PORT]"),
        (r"\b\d tries\b", "[COUNT] tries"),
        (r#""date": "[^"]*""#, r#""date": "[TIME]""#),
        (r"(?m)^    [A-Z]{4}-[A-Z]{4}$", "    [CODE]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z( \((in \w+( \w+)?|\w+( \w+)? ago)\))?", "[TIME]"),
    ];
    let replace = |text: String, (pattern, by): &(&str, &str)| {
        Regex::new(pattern).unwrap().replace_all(&text, *by).into_owned()
    };
    replaced.iter().fold(text.to_owned(), replace)
}
