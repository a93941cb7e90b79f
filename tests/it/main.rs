//! End-to-end tests: what a user types, and what is seen then.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod book;
#[cfg(target_os = "linux")]
mod bridge;
mod bucket;
mod chain;
mod choice;
mod compilers;
mod configure_cli;
mod crashing;
mod docs;
mod examples;
mod execution;
mod faults;
mod fetch;
mod filter;
mod flyte;
mod flytekit;
mod follow;
mod get;
mod growth;
mod help_yourself;
mod hooks;
#[cfg(target_os = "linux")]
mod isolated;
mod launchplan;
mod layout;
mod library;
mod login;
mod lost_answers;
mod markdown;
mod museum;
mod named;
mod naming;
mod network;
#[cfg(target_os = "linux")]
mod noexec;
#[cfg(target_os = "linux")]
mod plugin_c;
#[cfg(target_os = "linux")]
mod plugin_check;
mod plugin_new;
mod plugin_store;
mod printable;
mod project;
mod proxy;
mod recorded;
mod recorded_command_line;
mod reference;
mod references;
mod register;
mod register_send;
mod round_trip;
mod run;
mod run_files;
mod sandbox;
mod sandbox_choice;
#[cfg(unix)]
mod sandbox_guard;
mod selection;
mod served;
mod servicer;
mod settings;
mod show;
#[cfg(unix)]
mod sign_in;
mod taint;
mod transport;
#[cfg(target_os = "linux")]
mod two_users;
mod upload;
mod values;
mod version;

use std::{fs, path::Path};

use tests::{Output, TestEnvironment};

/// A home with plugins in it.
fn home_with(plugins: &[&str]) -> TestEnvironment {
    let home = TestEnvironment::new(Path::new(env!("CARGO_BIN_EXE_flyte-host-under-test")));
    for plugin in plugins {
        home.install(plugin);
    }
    home
}

/// A home with plugins in it, where the embedded sandbox is asked for.
fn sandbox_home(plugins: &[&str]) -> TestEnvironment {
    let mut home = home_with(plugins);
    home.set("FLYTE_SANDBOX", "1");
    home
}

/// Lets the embedded sandbox answer where no plugin names an endpoint.
fn allow_sandbox(home: &TestEnvironment) {
    home.write("../.flyte/host.toml", "sandbox-fallback = true\n");
}

/// Asks a program with some plugins in use which they are.
fn in_use(home: &TestEnvironment, arguments: &[&str]) -> Output {
    home.run([arguments, &["--version"]].concat())
}

/// Cargo does not complain of a file that no module names: its tests would never run.
#[test]
fn no_file_is_forgotten() {
    fn check(folder: &Path, parent: &Path) {
        let parent_text = fs::read_to_string(parent).unwrap();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path == parent || path.extension().is_some_and(|extension| extension == "txt") {
                continue;
            }
            if path.is_dir() {
                check(&path, &folder.join(format!("{name}.rs")));
                continue;
            }
            let line = format!("mod {name};");
            let is_named = |found: &str| found.strip_prefix("pub(crate) ").unwrap_or(found) == line;
            assert!(parent_text.lines().any(is_named), "`{}` lacks `{line}`", parent.display());
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    check(&folder, &folder.join("main.rs"));
}
