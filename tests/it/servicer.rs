//! Our client against a server that is not ours: the official stubs on grpcio, in
//! `fixtures/flytekit/servicer.py`.
//!
//! One session, `fixtures/flytekit/commands.txt`, covers every command that talks to Flyte. What it printed
//! and what the server read of it are in `session.txt` beside it; a field that the official package does not
//! know fails the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;
use serde_json::Value;
use snapbox::{Data, assert_data_eq};
use tests::{Server, TestEnvironment, prepared};

use crate::home_with;

/// What one command printed, and what the server read meanwhile.
fn run_and_record(home: &TestEnvironment, line: &str, record: &Path) -> String {
    fs::write(record, "").unwrap();
    // A word with spaces stands in single quotes.
    let word = Regex::new("'[^']*'|[^ ]+").unwrap();
    let words: Vec<&str> = word.find_iter(line).map(|word| word.as_str().trim_matches('\'')).collect();
    let printed = home.run(&words);
    let mut calls = calls(&fs::read_to_string(record).unwrap());
    // Calls that do not need each other are on their way at the same time: all of `register`, else those of
    // one method.
    let is_register = words[0] == "register";
    // So are the files of an upload, each of which is two calls.
    let group = |method: &str| match method {
        "DataProxyService/CreateUploadLocation" => "PUT".to_owned(),
        method => method.split(' ').next().unwrap_or_default().to_owned(),
    };
    calls
        .chunk_by_mut(|(one, _), (other, _)| is_register || group(one) == group(other))
        .for_each(<[_]>::sort);
    let calls = calls.into_iter().map(|(method, request)| format!("  -> {method} {request}\n"));
    format!("$ flyte-host {line}\n{printed}\n{}", calls.collect::<String>())
}

/// The calls in a record: methods and requests.
fn calls(record: &str) -> Vec<(String, String)> {
    let calls = record.lines().map(|line| {
        let call: Value = serde_json::from_str(line).unwrap();
        assert_eq!(call["unknown"], 0, "the official package does not know all of {line}");
        (call["method"].as_str().unwrap().to_owned(), call["request"].to_string())
    });
    calls.collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flytekit").join(name)
}

#[test]
fn every_command_is_understood() {
    let Some(python) = prepared("FLYTE_TEST_PYTHON") else { return };
    let mut home = home_with(&[]);
    let record = home.write("record.jsonl", "");
    let server = Server::start(Command::new(python).arg(fixture("servicer.py")).arg(&record));
    home.set("FLYTE_PLATFORM_URL", server.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    home.set("FLYTE_PLATFORM_CONSOLE_ENDPOINT", "https://console.example.org");
    home.copy_file(&fixture("session.yaml"), "session.yaml");
    home.copy_file(&fixture("refused.yaml"), "refused.yaml");
    home.write("inputs.yaml", "n: 3\n");
    home.write("table.csv", "a,b\n1,2\n");
    home.write("folder/table.csv", "a,b\n1,2\n");
    home.write("folder/inner/more.csv", "a,b\n3,4\n");
    let commands = fs::read_to_string(fixture("commands.txt")).unwrap();
    let commands = commands.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let session: Vec<String> = commands.map(|line| run_and_record(&home, line, &record)).collect();
    // Names that are made up differ each time.
    let name = Regex::new(r"\ba[bcdfghjklmnpqrstvwxz2456789]{19}\b").unwrap();
    let session = session.join("\n");
    let session = name.replace_all(&session, "[EXECUTION]");
    // The runtime field names the program that registers a task.
    let version = format!(r#""version":"{}""#, env!("CARGO_PKG_VERSION"));
    let session = session.replace(&version, r#""version":"[VERSION]""#);
    assert_data_eq!(session, Data::read_from(&fixture("session.txt"), None).raw());
}
