//! The same ends in a plugin's own process: the call fails, and the host does not end.

use std::collections::BTreeMap;

use super::{FUNCTIONS, Function, home_where, report};

const HINT: &str = "report this plugin bug at <https://crashing.example>";
const WITHOUT: &str = "use `--no-plugins` to continue without it";
const MEMORY: &str = "see what the plugin printed above; raise `memory` or `cpu` in `[isolation.crashing]` of \
                      `~/.flyte/host.toml` if it needs more";

fn expected(name: &str, site: &str, cause: &str) -> String {
    let (location, site) = match name {
        "secret_requires_group" => ("`secret.yaml`, document 1: ", site),
        "get_default_cache_policies" | "get_default_image" => ("`task.yaml`, document 1: ", site),
        // A value that the hook returned.
        "policy" => ("`task.yaml`, document 1: ", "in `get_default_cache_policies`"),
        // The call that waits for it.
        "thread" => ("", "in `create`"),
        "transport" => ("transport failed while calling `ListProjects`\n  caused by: ", "in `transport`"),
        _ => ("", site),
    };
    let is_loading = ["constructor", "create", "thread"].contains(&name);
    let mut hints = vec![if is_loading { HINT.to_owned() } else { format!("{HINT}; {WITHOUT}") }];
    if cause.contains("SIGABRT") && name != "transport" {
        hints.push(MEMORY.to_owned());
    }
    if is_loading {
        hints.push("use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`".to_owned());
    }
    let hints: String = hints.iter().map(|hint| format!("hint: {hint}\n")).collect();
    format!(
        "error: {location}plugin `crashing` 0.4.1 failed {site}\n  caused by: the plugin's process {cause}\n\
         {hints}[exit: 11]"
    )
}

fn run_isolated(how: &str, name: &str, command: &[&str]) -> String {
    let mut home = home_where(&format!("{how}:{name}"));
    home.set("FLYTE_PLUGIN_ISOLATE", "1")
        .set("FLYTE_PLUGIN_TIMEOUT", if how == "hang" { "0.3" } else { "60" });
    report(&home.run(command))
}

/// Checks a way to end in each function, all of them at once, so that a failure shows the whole table.
fn check_everywhere(how: &str, cause: &str) {
    let mut wrong = BTreeMap::new();
    for Function { name, site, command, .. } in FUNCTIONS {
        let found = run_isolated(how, name, command);
        if found != expected(name, site, cause) {
            wrong.insert(name, found);
        }
    }
    assert!(wrong.is_empty(), "{how}: {wrong:#?}");
}

#[test]
fn an_abort_costs_its_call() {
    check_everywhere("abort", "was ended by signal 6 (SIGABRT)");
}

#[test]
fn a_wild_pointer_costs_its_call() {
    check_everywhere("segfault", "was ended by signal 11 (SIGSEGV)");
}

#[test]
fn exit_costs_its_call() {
    check_everywhere("exit-0", "exited with code 0");
}

#[test]
fn exit_at_once_costs_its_call() {
    check_everywhere("exit-at-once", "exited with code 4");
}

#[test]
fn a_kill_costs_its_call() {
    check_everywhere("kill", "was ended by signal 9 (SIGKILL)");
}

#[test]
fn every_end_costs_its_call() {
    let ways = [
        ("arithmetic", "was ended by signal 8 (SIGFPE)"),
        ("exit-3", "exited with code 3"),
        ("exit-group", "exited with code 0"),
        ("illegal", "was ended by signal 4 (SIGILL)"),
        ("memory", "was ended by signal 6 (SIGABRT)"),
        ("panic-twice", "was ended by signal 6 (SIGABRT)"),
        ("stack", "was ended by signal 6 (SIGABRT)"),
        ("terminate", "was ended by signal 15 (SIGTERM)"),
        ("thread-exit", "was ended by signal 6 (SIGABRT)"),
        ("trap", "was ended by signal 5 (SIGTRAP)"),
    ];
    for (how, cause) in ways {
        let found = run_isolated(how, "get_remote", super::CONFIG_SHOW);
        assert_eq!(found, expected("get_remote", "in `get_remote`", cause), "{how}");
    }
}

#[test]
fn a_function_that_does_not_return_ends_at_its_limit() {
    let mut wrong = BTreeMap::new();
    for Function { name, site, command, .. } in FUNCTIONS.into_iter().filter(|it| it.has_limit) {
        let found = run_isolated("hang", name, command);
        let start =
            format!("error: plugin `crashing` 0.4.1 timed out {site}\n  caused by: no answer within 0.3 s\n");
        if !found.starts_with(&start) || !found.ends_with("[exit: 11]") {
            wrong.insert(name, found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn changes_of_the_process_do_not_reach_the_host() {
    let without = home_where("").run(super::CONFIG_SHOW);
    let changes = ["directory", "environment", "umask", "locale", "signal", "print", "close-stdout"];
    for place in ["constructor", "create", "configure_cli", "get_remote"] {
        let orders: Vec<String> = changes.iter().map(|change| format!("{change}:{place}")).collect();
        let mut home = home_where(&orders.join(","));
        let output = home.set("FLYTE_PLUGIN_ISOLATE", "1").run(super::CONFIG_SHOW);
        assert_eq!((output.stdout(), output.status()), (without.stdout(), without.status()), "{place}");
        assert_eq!(output.stderr(), "printed by the plugin\n", "{place}");
    }
}
