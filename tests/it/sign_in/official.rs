//! The official client at the same server, provider and browser: it signs in as well, so the tests are fair.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use tests::{
    ChildProcess, Stream, output,
    sign_in::{Browser, GuardedFlyte, Programs, Provider, UserAction},
};

/// The client in a home of its own.
fn client(home: &Path, programs: &Programs, flyte: &GuardedFlyte, mode: &str) -> Command {
    let mut python = Command::new(&programs.python);
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sign_in/official.py"));
    python.args([flyte.endpoint(), mode]).env_clear().current_dir(home);
    python.env("HOME", home).env("PATH", "/usr/bin:/bin").env("PYTHONUNBUFFERED", "1");
    // Nothing is stored in the keyring of the machine that runs the test.
    python.env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring");
    python
}

/// What it fetched, once it was signed in.
fn fetched(programs: &Programs, flyte: &GuardedFlyte, mode: &str, variable: (&str, &str)) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut client = client(home.path(), programs, flyte, mode);
    let output = output(client.env(variable.0, variable.1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn flytekit_signs_in_with_the_browser() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start(&programs);
    let flyte = GuardedFlyte::start(&programs, &provider);
    let browser = Browser::new(&programs, UserAction::SignIn);
    // Python waits for a browser to end, unless it is said to go to the background.
    let command = format!("{} %s &", browser.program().display());
    assert_eq!(fetched(&programs, &flyte, "pkce", ("BROWSER", &command)), "ok pkce square v2");
    browser.wait();
    assert_eq!(browser.seen("page.txt"), "Successfully logged into 127.0.0.1");
    assert!(flyte.record().contains("AdminService/GetTask"));
}

#[test]
fn flytekit_signs_in_without_a_person() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start(&programs);
    let flyte = GuardedFlyte::start(&programs, &provider);
    let by_secret = fetched(&programs, &flyte, "client-credentials", ("TOKEN_FILE", ""));
    assert_eq!(by_secret, "ok client-credentials square v2");
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, provider.token()).unwrap();
    let by_command = fetched(&programs, &flyte, "command", ("TOKEN_FILE", token.to_str().unwrap()));
    assert_eq!(by_command, "ok command square v2");
}

#[test]
fn flytekit_signs_in_with_a_code() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start(&programs);
    let flyte = GuardedFlyte::start(&programs, &provider);
    let browser = Browser::new(&programs, UserAction::EnterCode);
    let home = tempfile::tempdir().unwrap();
    let mut client = client(home.path(), &programs, &flyte, "device");
    let mut client = ChildProcess::spawn(client.stdout(Stdio::piped()));
    let prompt = client.until(Stream::Stdout, "");
    let (_, url) = prompt.split_once("http").unwrap();
    browser.visit(&format!("http{url}"));
    let output = client.finish();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed.lines().last(), Some("ok device square v2"));
    assert!(output.status.success());
}
