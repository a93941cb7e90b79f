//! `plugin publish`, `install`, `update`, `rollback`, `remove`, `search`: a plugin's life, and what must not
//! happen to it.

mod attacks;
mod crashes;
mod life;
mod trust;

use std::path::PathBuf;

use tests::{Output, StaticServer, TestEnvironment, output, patch};

use crate::home_with;

/// A company: a home in which its plugins are published, and the server of the folder.
struct Company {
    home: TestEnvironment,
    server: StaticServer,
}

impl Company {
    /// A repository with `acme` 1.0.0.
    fn new() -> Self {
        let home = home_with(&[]);
        let server = StaticServer::start(&home.cwd().join("site"));
        let company = Self { home, server };
        let first = company.plugin("1.0.0");
        company.publish(&[first.to_str().unwrap(), "--new-key", "--name", "acme"]).success();
        company
    }

    /// A file of `acme` in a version.
    fn plugin(&self, version: &str) -> PathBuf {
        plugin(&self.home, version)
    }

    fn publish(&self, arguments: &[&str]) -> Output {
        self.home.run([&["plugin", "publish", "site", "--key", "acme.key"], arguments].concat())
    }

    /// Publishes `acme` in a version.
    fn release(&self, version: &str) {
        let file = self.plugin(version);
        self.publish(&[file.to_str().unwrap()]).success();
    }

    /// A user who trusts the server's certificate, and has the repository in the settings.
    fn user(&self) -> TestEnvironment {
        let home = home_with(&[]);
        self.server.trust_in(&home);
        let settings = format!("[[repositories]]\nname = 'acme'\nurl = '{}'\n", self.server.url());
        home.write("../.flyte/host.toml", settings);
        home
    }
}

/// A file of `acme` in a version, which has as many letters as `0.1.0`.
pub(crate) fn plugin(home: &TestEnvironment, version: &str) -> PathBuf {
    let file = home.copy("acme", format!("build/{version}/libacme.so"));
    patch(&file, "\nversion=0.1.0\n", &format!("\nversion={version}\n"));
    file
}

/// The platform of the plugins that are tested.
fn target() -> String {
    let home = home_with(&["acme"]);
    let passport = plugin_host::preflight::read_passport(&home.plugins().join("libacme.so")).unwrap();
    passport.target().to_owned()
}

/// The version that a home loads; `None` if it loads none.
fn loaded_version(home: &TestEnvironment) -> Option<String> {
    // Not the output for snapshots, in which versions are replaced.
    let run = |arguments: &[&str]| {
        let output = output(home.command().args(["--plugin", "acme"]).args(arguments));
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (is_success, printed) = run(&["my-custom-command"]);
    if !is_success {
        return None;
    }
    assert_eq!(printed, "Executing my custom CLI command!\n");
    let (_, version) = run(&["--version"]);
    let line = version.lines().find(|line| line.starts_with("plugin `acme` "))?;
    line.split(' ').nth(2).map(str::to_owned)
}

/// Replaces what differs from run to run: the port, keys and hashes.
fn stable(output: Output) -> Output {
    let port = regex::Regex::new(r"localhost:\d+").unwrap();
    let number = regex::Regex::new(r"\b[0-9A-F]{16}\b").unwrap();
    let key = regex::Regex::new(r"\bRW[0-9A-Za-z+/]{54}").unwrap();
    let hash = regex::Regex::new(r"\b[0-9a-f]{64}\b").unwrap();
    output.map(|text| {
        let text = port.replace_all(text, "localhost:[PORT]");
        let text = number.replace_all(&text, "[KEYID]");
        let text = key.replace_all(&text, "[KEY]");
        hash.replace_all(&text, "[SHA256]").into_owned()
    })
}
