//! Plugins that nothing is wrong with.

use super::{PATIENT, assert_none_wrong, compare, home_of, report};
use crate::{home_with, museum};

/// The plugins of the tests that behave, if nothing is ordered, with a command of each that may be run.
const GOOD: [(&str, Option<&str>); 9] = [
    ("acme", Some("my-group sub-command")),
    ("careless", Some("careless")),
    ("clapped", None),
    ("commands", None),
    ("crashing", Some("crashing")),
    ("faulty", None),
    ("plain", None),
    ("transport", None),
    ("wrapper", None),
];

/// They write the endpoint into the page as it is.
const UNESCAPED: &[&str] = &["unescaped-html get_auth_success_html"];

#[test]
fn no_good_plugin_is_accused() {
    let mut wrong = Vec::new();
    for (plugin, command) in GOOD {
        let (home, path) = home_of(plugin);
        let mut arguments = vec!["--strict", "--timeout", PATIENT, path.as_str()];
        arguments.extend(command.into_iter().flat_map(|command| ["--run", command]));
        wrong.extend(compare(plugin, &report(&home, &arguments), &[]));
    }
    assert_none_wrong(&wrong);
}

#[test]
fn nothing_else_is_found_in_plugins_with_one_mistake() {
    let mut wrong = Vec::new();
    for plugin in ["growth", "hostile"] {
        let (home, path) = home_of(plugin);
        wrong.extend(compare(plugin, &report(&home, &["--timeout", PATIENT, &path]), UNESCAPED));
    }
    assert_none_wrong(&wrong);
}

#[test]
fn no_plugin_is_accused_beside_another() {
    let (home, path) = home_of("acme");
    let beside: Vec<String> = ["transport", "wrapper", "crashing"]
        .iter()
        .map(|plugin| home.copy(plugin, format!("lib{plugin}.so")).display().to_string())
        .collect();
    let mut arguments = vec!["--strict", "--timeout", PATIENT, path.as_str()];
    arguments.extend(beside.iter().flat_map(|file| ["--with", file.as_str()]));
    assert_none_wrong(&compare("acme", &report(&home, &arguments), &[]).into_iter().collect::<Vec<_>>());
}

/// They load as ever. Their one mistake is in the exhibit, which cannot be built again.
#[test]
fn no_old_plugin_is_accused() {
    let mut wrong = Vec::new();
    for (library, _) in museum::exhibits() {
        let home = home_with(&[]);
        let path = home.copy_file(&library, "libgrowth.so").display().to_string();
        let report = report(&home, &["--timeout", PATIENT, &path]);
        wrong.extend(compare(&library.display().to_string(), &report, UNESCAPED));
    }
    assert_none_wrong(&wrong);
}
