//! Another process with the same store: this test's own binary, with an environment of its own.
//!
//! It is given steps such as `save a one; load a` and answers each with a line. So a test reads like what a
//! person does at several terminals.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use auth::store::{self, Store, StoreError, StoreKind};

use super::{render, tokens};

/// The steps that make a process of this binary another process.
const STEPS: &str = "STORE_TEST_STEPS";
const KIND: &str = "STORE_TEST_KIND";
const FOLDER: &str = "STORE_TEST_FOLDER";

/// What distinguishes answers from what the test runner says.
const MARK: &str = "answer: ";

/// Not a test of its own: what other tests start.
#[test]
fn process() {
    let (Ok(steps), Ok(kind), Ok(folder)) = (env::var(STEPS), env::var(KIND), env::var(FOLDER)) else {
        return;
    };
    log::set_logger(&Warnings).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let kind: StoreKind = kind.parse().unwrap();
    let store = store::open(kind, folder.into());
    for step in steps.split("; ") {
        let words: Vec<_> = step.split(' ').collect();
        let answer = follow(&*store, &words).unwrap_or_else(|error| format!("error: {}", render(&error)));
        say(&answer);
    }
}

fn follow(store: &dyn Store, words: &[&str]) -> Result<String, StoreError> {
    Ok(match *words {
        ["save", endpoint, access] => store.save(endpoint, &tokens(access)).map(|()| "saved".to_owned())?,
        ["load", endpoint] => match store.load(endpoint)? {
            // Everything came back, or something was lost on the way.
            Some(loaded) if loaded == tokens(loaded.access.reveal()) => loaded.access.reveal().to_owned(),
            Some(_) => "changed".to_owned(),
            None => "none".to_owned(),
        },
        ["remove", endpoint] => if store.remove(endpoint)? { "removed" } else { "nothing there" }.to_owned(),
        ["endpoints"] => store.endpoints()?.join(" "),
        ["place", endpoint] => store.location(endpoint),
        ["hint", endpoint] => store.save(endpoint, &tokens("unwanted")).unwrap_err().hint().unwrap(),
        ["spoil", endpoint] => {
            let entry = keyring::Entry::new("flyte-host", endpoint).unwrap();
            entry.set_password("canary").unwrap();
            "spoiled".to_owned()
        }
        ["check"] => store.check().map(|()| "works".to_owned())?,
        _ => panic!("no such step: {words:?}"),
    })
}

/// Past the test runner, which would hide it.
fn say(answer: &str) {
    io::stdout().write_all(format!("\n{MARK}{answer}\n").as_bytes()).unwrap();
}

struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("auth")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            say(&format!("warning: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

/// A command that runs this binary, so changed by the caller as it needs.
pub(super) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(env::current_exe().unwrap())
        .args(["--exact", "another::process", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What another process answers to each step.
pub(super) fn answers(mut command: Command, kind: &str, folder: &Path, steps: &str) -> Vec<String> {
    command.env(KIND, kind).env(FOLDER, folder).env(STEPS, steps);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines().filter_map(|line| line.strip_prefix(MARK)).map(str::to_owned).collect()
}
