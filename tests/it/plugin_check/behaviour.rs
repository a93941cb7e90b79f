//! Plugins that misbehave while they run.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::{PATIENT, SHORT, assert_none_wrong, compare, home_of, report};

/// The command of the plugin `crashing` is not run after its option has ended the process.
const NOT_RUN: &str = "command-not-run command `crashing`";

/// What the plugin `crashing` changes, and where, with the faults that must be found.
pub(super) const CRASHING: &[(&str, &[&str])] = &[
    ("abort:constructor", &["crash constructor"]),
    ("segfault:constructor", &["crash constructor"]),
    ("exit-0:constructor", &["exit constructor"]),
    ("exit-at-once:constructor", &["exit constructor"]),
    ("exec:constructor", &["exit constructor"]),
    ("hang:constructor", &["hang constructor"]),
    ("umask:constructor", &["changes-umask constructor"]),
    ("abort:create", &["crash create"]),
    ("error:create", &["create-failed create"]),
    ("panic:create", &["panic create"]),
    ("exit-0:create", &["exit create"]),
    ("hang:create", &["hang create"]),
    ("directory:create", &["changes-directory create"]),
    ("environment:create", &["changes-environment create"]),
    ("signal:create", &["changes-signals create"]),
    ("print:create", &["prints-to-stdout create"]),
    ("thread-exit:create", &["crash create"]),
    ("segfault:thread", &["crash create"]),
    ("stack:thread", &["crash create"]),
    ("print:thread", &["prints-to-stdout create"]),
    ("hang:thread", &["hang create"]),
    ("panic:thread-local", &["crash get_remote"]),
    ("abort:configure_cli", &["crash configure_cli"]),
    ("error:configure_cli", &["hook-failed configure_cli"]),
    ("panic:configure_cli", &["panic configure_cli"]),
    ("hang:configure_cli", &["hang configure_cli"]),
    ("print:configure_cli", &["prints-to-stdout configure_cli"]),
    ("abort:default", &["crash callback", NOT_RUN]),
    ("error:default", &["hook-failed callback"]),
    ("panic:default", &["panic callback"]),
    ("exit-3:default", &["exit callback", NOT_RUN]),
    ("abort:callback", &["crash callback", NOT_RUN]),
    ("panic:callback", &["panic callback"]),
    ("hang:callback", &["hang callback", NOT_RUN]),
    ("umask:callback", &["changes-umask callback"]),
    ("abort:run", &["crash command `crashing`"]),
    ("exit-0:run", &["exit command `crashing`"]),
    ("panic:run", &["panic command `crashing`"]),
    ("print:run", &["prints-to-stdout command `crashing`"]),
    ("environment:run", &["changes-environment command `crashing`"]),
    ("error:get_remote", &["hook-failed get_remote"]),
    ("panic:get_remote", &["panic get_remote"]),
    ("close-stdout:get_remote", &["changes-descriptors get_remote"]),
    ("replace-stdin:get_remote", &["changes-descriptors get_remote"]),
    ("locale:get_remote", &["changes-locale get_remote"]),
    ("abort:secret_requires_group", &["crash secret_requires_group"]),
    ("panic:secret_requires_group", &["panic secret_requires_group"]),
    ("abort:get_default_image,panic:get_remote", &["crash get_default_image", "panic get_remote"]),
    ("exit-0:get_auth_success_html", &["exit get_auth_success_html"]),
    ("panic:get_auth_success_html", &["panic get_auth_success_html"]),
    ("hang:get_default_cache_policies", &["hang get_default_cache_policies"]),
    ("panic-twice:policy", &["crash get_default_cache_policies"]),
    ("exit-group:transport", &["exit get_remote"]),
    ("fork:get_default_image", &["forks get_default_image"]),
    ("abort:policy", &["crash get_default_cache_policies"]),
    ("panic:policy", &["panic get_default_cache_policies"]),
    ("abort:transport", &["crash get_remote"]),
    ("error:transport", &["hook-failed get_remote"]),
    ("panic:transport", &["panic get_remote"]),
    ("directory:transport", &["changes-directory get_remote"]),
];

/// Every way to end the process, in one hook.
pub(super) const ENDINGS: &[(&str, &str)] = &[
    ("panic-twice", "crash"),
    ("abort", "crash"),
    ("segfault", "crash"),
    ("illegal", "crash"),
    ("arithmetic", "crash"),
    ("bus", "crash"),
    ("stack", "crash"),
    ("memory", "crash"),
    ("kill", "crash"),
    ("terminate", "crash"),
    ("exit-0", "exit"),
    ("exit-3", "exit"),
    ("exit-at-once", "exit"),
    ("exit-group", "exit"),
    ("exec", "exit"),
    ("hang", "hang"),
];

/// What the plugin `careless` does.
pub(super) const CARELESS: &[(&str, &[&str])] = &[
    ("", &[]),
    ("leak-descriptor:get_remote", &["leaks-descriptors get_remote"]),
    ("leak-descriptor:configure_cli", &["leaks-descriptors configure_cli"]),
    ("leak-memory:get_default_image", &["leaks-memory get_default_image"]),
    ("leak-memory:policy", &["leaks-memory get_default_cache_policies"]),
    ("leak-thread:secret_requires_group", &["leaks-threads secret_requires_group"]),
    ("slow:create", &["slow create"]),
    ("slow:get_auth_success_html", &["slow get_auth_success_html"]),
    ("write-file:create", &["writes-files create"]),
    ("write-file:get_remote", &["writes-files get_remote"]),
    ("print-c:get_default_image", &["prints-to-stdout get_default_image"]),
    ("print-stdout:policy", &["prints-to-stdout get_default_cache_policies"]),
    ("print-stdout:default", &["prints-to-stdout callback"]),
    ("daemon:create", &["leaves-processes process"]),
    ("fork:get_default_image", &["forks get_default_image"]),
    ("second-call:secret_requires_group", &["panic secret_requires_group"]),
    ("late-call:get_default_image", &["panic get_default_image"]),
    ("at-once:get_default_image", &["panic get_default_image"]),
    ("at-once:configure_cli", &["panic configure_cli"]),
    ("odd-input:get_remote", &["panic get_remote"]),
    ("odd-input:get_auth_success_html", &["panic get_auth_success_html"]),
    ("odd-input:policy", &["panic get_default_cache_policies"]),
    ("thread-name:secret_requires_group", &["panic secret_requires_group"]),
    ("ignores-errors:get_remote", &["panic get_remote"]),
    ("alarm:get_remote", &["changes-signals get_remote"]),
    ("deadlock:get_default_image", &["hang get_default_image"]),
    ("random:get_default_image", &["changing-answer get_default_image"]),
    ("random:secret_requires_group", &["changing-answer secret_requires_group"]),
    ("random:policy", &["changing-answer get_default_cache_policies"]),
    ("random:configure_cli", &["changing-answer configure_cli"]),
    ("invalid:get_default_image", &["invalid-value get_default_image"]),
    ("unescaped:get_auth_success_html", &["unescaped-html get_auth_success_html"]),
    ("reserved-letter:configure_cli", &["invalid-command-line configure_cli"]),
    ("reserved-name:configure_cli", &["invalid-command-line configure_cli"]),
    ("twice:configure_cli", &["invalid-command-line configure_cli"]),
    ("empty-group:configure_cli", &["invalid-command-line configure_cli"]),
    ("built-in-name:configure_cli", &["invalid-command-line configure_cli"]),
    ("impossible-default:configure_cli", &["invalid-command-line configure_cli"]),
    ("required-everywhere:configure_cli", &["invalid-command-line configure_cli"]),
    ("odd-slow:get_auth_success_html", &["slow get_auth_success_html"]),
    ("much-memory:get_default_image", &["large-memory get_default_image"]),
    ("unknown-group:configure_cli", &["invalid-command-line configure_cli"]),
];

/// What the plugin `faulty` returns.
pub(super) const FAULTY: &[(&str, &[&str])] = &[
    ("invalid:get_remote", &["invalid-value get_remote"]),
    ("invalid:configure_cli", &["invalid-command-line configure_cli"]),
    ("invalid:get_auth_success_html", &["invalid-value get_auth_success_html"]),
    ("invalid:get_default_cache_policies", &["invalid-value get_default_cache_policies"]),
    ("panic-value:get_default_image", &["panic get_default_image"]),
    ("panic-drop:get_default_image", &["panic get_default_image"]),
    ("answer:get_auth_success_html", &["unescaped-html get_auth_success_html"]),
];

/// Runs the check for each case, on two threads.
fn check_all(plugin: &str, variable: &str, cases: &[(&str, &[&str])]) {
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((order, expected)) = cases.get(next.fetch_add(1, Relaxed)) {
                    let (mut home, path) = home_of(plugin);
                    home.set(variable, *order);
                    let is_slow = ["hang", "deadlock"].iter().any(|way| order.contains(way));
                    let timeout = if is_slow { SHORT } else { PATIENT };
                    let report = report(&home, &["--timeout", timeout, "--run", plugin, &path]);
                    wrong.lock().unwrap().extend(compare(order, &report, expected));
                }
            });
        }
    });
    assert_none_wrong(&wrong.into_inner().unwrap());
}

#[test]
fn what_crashes_or_changes_the_process_is_found() {
    check_all("crashing", "CRASH", CRASHING);
}

#[test]
fn every_end_of_the_process_is_found() {
    let orders: Vec<(String, String)> = ENDINGS
        .iter()
        .map(|(way, code)| (format!("{way}:get_default_image"), format!("{code} get_default_image")))
        .collect();
    let expected: Vec<[&str; 1]> = orders.iter().map(|(_, fault)| [fault.as_str()]).collect();
    let cases: Vec<(&str, &[&str])> =
        orders.iter().zip(&expected).map(|((order, _), expected)| (order.as_str(), &expected[..])).collect();
    check_all("crashing", "CRASH", &cases);
}

#[test]
fn careless_plugins_are_found() {
    check_all("careless", "CARELESS", CARELESS);
}

#[test]
fn invalid_answers_are_found() {
    let cases: Vec<(&str, Vec<&str>)> =
        FAULTY.iter().map(|(order, faults)| (*order, faults.to_vec())).collect();
    let mut wrong = Vec::new();
    for (order, expected) in cases {
        let (mut home, path) = home_of("faulty");
        home.set("FAULT", order);
        let report = report(&home, &["--timeout", PATIENT, &path]);
        wrong.extend(compare(order, &report, &expected));
    }
    assert_none_wrong(&wrong);
}

#[test]
fn a_pair_that_does_not_fit_is_found_in_both_orders() {
    let (mut home, path) = home_of("careless");
    let sample = home.copy("acme", "libacme.so").display().to_string();
    home.set("CARELESS", "same-command:configure_cli");
    let alone = report(&home, &[&path]);
    assert_eq!(alone["errors"], 0, "{alone:#}");
    let report = report(&home, &[&path, "--with", &sample]);
    let chains: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["chain"].as_str())
        .collect();
    assert_eq!(super::faults(&report).iter().filter(|fault| fault.starts_with("conflict")).count(), 1);
    assert_eq!(chains, ["`careless`, `acme`"]);
}
