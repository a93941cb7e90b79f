//! The process ends inside a plugin, in each function and in every way: the user reads which plugin, where,
//! how, and what to do, and the exit status is not that of a success.
//!
//! `crashing` does what `CRASH` says.

mod isolated;
mod journal;
mod state;
mod table;
mod unloaded;

use std::collections::BTreeMap;

use tests::{Output, TestEnvironment};

use crate::{allow_sandbox, home_with};

/// A function of the plugin, and a command line that calls it.
struct Function {
    /// As in `CRASH`.
    name: &'static str,
    /// How reports name it.
    site: &'static str,
    command: &'static [&'static str],
    /// Whether it is of those that have a time limit of their own.
    has_limit: bool,
}

const CONFIG_SHOW: &[&str] = &["config", "show"];
const REGISTER: &[&str] = &["register", "--dry-run", "task.yaml", "--version", "v1"];

const REGISTER_SECRET: &[&str] = &["register", "--dry-run", "secret.yaml", "--version", "v1"];

/// Calls `get_default_image`, `get_default_cache_policies` and its policy.
const TASK: &str = "{ name: t, command: [uname], cache: true }";
/// Calls `secret_requires_group`.
const SECRET_TASK: &str = "{ name: t, command: [uname], secrets: [{ key: upload-key }] }";

const fn function(
    name: &'static str,
    site: &'static str,
    command: &'static [&'static str],
    has_limit: bool,
) -> Function {
    Function { name, site, command, has_limit }
}

const FUNCTIONS: [Function; 14] = [
    function("constructor", "in a constructor of its library", CONFIG_SHOW, true),
    function("create", "in `create`", CONFIG_SHOW, true),
    function("thread", "in a thread of its own", CONFIG_SHOW, false),
    function("configure_cli", "in `configure_cli`", CONFIG_SHOW, true),
    function("default", "in the default of `--crash` of `crashing`", &["crashing"], true),
    function("callback", "in the callback of `--crash` of `crashing`", &["crashing"], true),
    function("run", "in the command `crashing`", &["crashing"], false),
    function("get_remote", "in `get_remote`", CONFIG_SHOW, true),
    function("secret_requires_group", "in `secret_requires_group`", REGISTER_SECRET, true),
    function("get_default_image", "in `get_default_image`", REGISTER, true),
    function("get_default_cache_policies", "in `get_default_cache_policies`", REGISTER, true),
    function("policy", "in a cache policy", REGISTER, true),
    function("get_auth_success_html", "in `get_auth_success_html`", &["plugin", "show", "crashing"], false),
    function("transport", "in its transport", &["get", "projects"], false),
];

const HINT: &str =
    "report this plugin bug at <https://crashing.example>; use `--no-plugins` to continue without it";

/// A home in which `crashing` is in use, with its orders.
fn home_where(crash: &str) -> TestEnvironment {
    let mut home = home_with(&["crashing"]);
    home.set("FLYTE_PLUGIN", "crashing").set("CRASH", crash);
    home.write("task.yaml", TASK);
    home.write("secret.yaml", SECRET_TASK);
    allow_sandbox(&home);
    home
}

/// From the error on: Rust's own texts about a panic or a full stack stand before or behind it.
fn report(output: &Output) -> String {
    let lines = output.stderr().lines().skip_while(|line| !line.starts_with("error: "));
    let lines = lines.take_while(|line| {
        ["error: ", "  caused by: ", "hint: "].iter().any(|start| line.starts_with(start))
    });
    let status = output.status().replace(" (core dumped)", "");
    lines.map(|line| format!("{line}\n")).collect::<String>() + &status
}

fn expected(verb: &str, site: &str, cause: &str, status: &str) -> String {
    format!("error: plugin `crashing` 0.4.1 {verb} {site}\n  caused by: {cause}\nhint: {HINT}\n{status}")
}

/// Checks a way to end in each function, all of them at once, so that a failure shows the whole table.
fn check_everywhere(how: &str, verb: &str, cause: &str, status: &str) {
    let mut wrong = BTreeMap::new();
    for Function { name, site, command, .. } in FUNCTIONS {
        let found = report(&home_where(&format!("{how}:{name}")).run(command));
        if found != expected(verb, site, cause, status) {
            wrong.insert(name, found);
        }
    }
    assert!(wrong.is_empty(), "{how}: {wrong:#?}");
}

#[test]
fn an_abort_is_named_in_every_function() {
    check_everywhere("abort", "crashed", "abort (SIGABRT)", "[signal: 6 (SIGABRT)]");
}

#[test]
fn a_wild_pointer_is_named_in_every_function() {
    check_everywhere("segfault", "crashed", "segmentation fault (SIGSEGV)", "[signal: 11 (SIGSEGV)]");
}

#[test]
fn exit_is_named_in_every_function_and_is_no_success() {
    check_everywhere("exit-0", "ended the process", "`exit(0)` was called", "[exit: 11]");
}

#[test]
fn exit_at_once_is_named_in_every_function() {
    check_everywhere("exit-at-once", "ended the process", "`_exit(4)` was called", "[exit: 11]");
}

/// A thread of the plugin's own has no stack for signal handlers: the next start names it.
#[test]
fn a_full_stack_is_named_in_every_function() {
    let mut wrong = BTreeMap::new();
    for Function { name, site, command, .. } in FUNCTIONS.into_iter().filter(|it| it.name != "thread") {
        let found = report(&home_where(&format!("stack:{name}")).run(command));
        if found != expected("crashed", site, "stack overflow", "[signal: 6 (SIGABRT)]") {
            wrong.insert(name, found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_function_that_does_not_return_ends_at_its_limit() {
    let mut wrong = BTreeMap::new();
    for Function { name, site, command, .. } in FUNCTIONS.into_iter().filter(|it| it.has_limit) {
        let mut home = home_where(&format!("hang:{name}"));
        let found = report(&home.set("FLYTE_PLUGIN_TIMEOUT", "0.3").run(command));
        let limit =
            "hint: set `FLYTE_PLUGIN_TIMEOUT` to a longer timeout in seconds, or to 0 for none\nhint: ";
        let expected = expected("timed out", site, "no answer within 0.3 s", "[exit: 11]");
        if found != expected.replacen("hint: ", limit, 1) {
            wrong.insert(name, found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_way_to_end_is_named() {
    let ways = [
        ("arithmetic", "crashed", "arithmetic exception (SIGFPE)", "[signal: 8 (SIGFPE)]"),
        ("bus", "crashed", "bus error (SIGBUS)", "[signal: 7 (SIGBUS)]"),
        ("exit-3", "ended the process", "`exit(3)` was called", "[exit: 11]"),
        ("fork", "forked the process", "the child of `fork` returned to the host", "[exit: 11]"),
        ("illegal", "crashed", "illegal instruction (SIGILL)", "[signal: 4 (SIGILL)]"),
        ("memory", "crashed", "abort (SIGABRT)", "[signal: 6 (SIGABRT)]"),
        ("panic-twice", "crashed", "abort (SIGABRT)", "[signal: 6 (SIGABRT)]"),
        ("thread-exit", "crashed", "abort (SIGABRT)", "[signal: 6 (SIGABRT)]"),
        ("trap", "crashed", "trap (SIGTRAP)", "[signal: 5 (SIGTRAP)]"),
    ];
    for (how, verb, cause, status) in ways {
        let found = report(&home_where(&format!("{how}:get_remote")).run(CONFIG_SHOW));
        assert_eq!(found, expected(verb, "in `get_remote`", cause, status), "{how}");
    }
}

#[test]
fn programs_get_json() {
    let home = home_where("segfault:run");
    let output = home.run(["crashing", "-o", "json"]);
    let value: serde_json::Value = serde_json::from_str(output.stderr()).unwrap();
    assert_eq!(value["error"]["message"], "plugin `crashing` 0.4.1 crashed in the command `crashing`");
    assert_eq!(value["error"]["exitCode"], 139);
}

/// A thread of the plugin's own acts when the result is printed, and before the process has ended.
#[test]
fn the_result_stands_whatever_a_thread_does_while_the_process_ends() {
    for how in ["exit-0", "exit-3", "exit-at-once", "abort", "segfault"] {
        let home = home_where(&format!("{how}:after-end"));
        let ended = home.run(["execution", "show", "nosuch"]);
        assert!(
            ended.failure(1).stderr().starts_with("error: execution `nosuch` not found"),
            "{how}: {ended}"
        );
    }
}
