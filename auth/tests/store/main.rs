//! Where tokens are kept: real files, real keyrings, real processes, and real kills.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod another;
mod crash;
mod file;
mod garbage;
#[cfg(target_os = "linux")]
mod keyring;

use std::{
    error::Error,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use auth::{
    Flow, Tokens,
    store::{self, Store, StoreKind},
};
use flyte_client::config::Secret;
use tempfile::TempDir;

const ENDPOINT: &str = "dns:///flyte.example.org:443";
const OTHER: &str = "dns:///flyte.example.org:444";

/// A home whose state folder does not exist yet.
struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("state/flyte-host")
    }

    fn store(&self) -> Box<dyn Store> {
        store::open(StoreKind::File, self.folder())
    }

    /// Where the tokens of the endpoint are, or will be.
    fn path(&self) -> PathBuf {
        PathBuf::from(self.store().location(ENDPOINT).trim_matches('`'))
    }

    /// The names of the files in the folder, sorted.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The only file in the folder.
    fn file(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        self.folder().join(&files[0])
    }
}

fn tokens(access: &str) -> Tokens {
    Tokens {
        flow: Flow::Browser,
        access: Secret::new(access),
        refresh: Some(Secret::new(format!("refresh of {access}"))),
        issued_at: "2024-05-01T12:00:00Z".parse().unwrap(),
        expires_at: Some("2024-05-01T13:00:00Z".parse().unwrap()),
        header: "flyte-authorization".to_owned(),
        client_id: "flytectl".to_owned(),
        token_endpoint: "https://login.example.org/token?tenant=7".to_owned(),
        scopes: vec!["openid".to_owned(), "offline_access".to_owned()],
        audience: Some("flyte".to_owned()),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// An error as a person sees it: with its causes.
fn render(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// The path in a variable that `cargo xtask test` sets. Without it the test that asks is skipped, and says
/// so.
#[cfg(target_os = "linux")]
fn prepared(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    if path.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "`{variable}` is not set; run `cargo xtask test`"
        );
        // Not `eprintln`, which the test runner would hide.
        let _ = writeln!(std::io::stderr(), "skipped: `{variable}` is not set; run `cargo xtask test`");
    }
    path
}
