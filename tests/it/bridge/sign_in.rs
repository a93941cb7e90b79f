//! Signing in by the official pyflyte, with a real provider and a real browser.

use std::{fs, path::Path, process::Command};

use tests::{
    TestEnvironment, output, prepared,
    sign_in::{Browser, GuardedFlyte, Programs, Provider, UserAction},
};

use super::{PYFLYTE, fixture, plugins, python};
use crate::home_with;

/// pyflyte, which registers a task; the server demands a token, and the browser belongs to a user.
fn register(
    programs: &Programs,
    bridge: &Path,
    home: &TestEnvironment,
    flyte: &GuardedFlyte,
    browser: &Browser,
) -> Command {
    let mut pyflyte = python(&programs.python, bridge, home);
    pyflyte.args(["-m", PYFLYTE, "register", "plain.py", "-p", "flytesnacks", "-d", "development"]);
    // The server stores no archive of the code.
    pyflyte.args(["--non-fast", "--version", "v1"]);
    fs::copy(fixture("plain.py"), home.cwd().join("plain.py")).unwrap();
    pyflyte.env("FLYTE_PLATFORM_URL", flyte.endpoint()).env("FLYTE_PLATFORM_INSECURE", "true");
    // Nothing is stored in the keyring of the machine that runs the test.
    pyflyte.env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring");
    // Python waits for a browser to end, unless it is said to go to the background.
    pyflyte.env("BROWSER", format!("{} %s &", browser.program().display()));
    pyflyte
}

/// Signs in with a plugin, and returns the page that the user sees in the end.
fn page_after_sign_in(plugin: &str, variables: &[(&str, &str)]) -> Option<String> {
    let (programs, bridge) = (Programs::prepared()?, prepared("FLYTE_TEST_BRIDGE")?);
    let provider = Provider::start(&programs);
    let flyte = GuardedFlyte::start(&programs, &provider);
    let browser = Browser::new(&programs, UserAction::SignIn);
    let home = home_with(&[]);
    let mut pyflyte = register(&programs, &bridge, &home, &flyte, &browser);
    pyflyte.env("FLYTE_PLUGIN", plugins().join(format!("lib{plugin}_plugin.so")));
    let done = output(pyflyte.envs(variables.iter().copied()));
    assert!(done.status.success(), "{done:?}");
    browser.wait();
    // The server lets nothing pass without a token.
    assert!(flyte.record().contains("AdminService/CreateTask"), "{}", flyte.record());
    Some(browser.seen("page.txt"))
}

#[test]
fn the_page_after_sign_in_is_the_plugins() {
    let Some(page) = page_after_sign_in("sample", &[]) else { return };
    assert!(page.starts_with("Welcome to My Company's Platform!\n"), "{page}");
    assert!(page.contains("You have successfully authenticated with 127.0.0.1"), "{page}");
}

#[test]
fn a_plugin_that_fails_costs_the_page() {
    let variables = [("FAULT", "panic:get_auth_success_html")];
    let Some(page) = page_after_sign_in("faulty", &variables) else { return };
    assert_eq!(page, "Successfully logged into 127.0.0.1");
}
