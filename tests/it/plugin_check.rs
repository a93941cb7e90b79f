//! `plugin check`, and its corpus: bad plugins, each with the codes that it must get, and good ones, which
//! get neither errors nor warnings.
//!
//! The bad ones are made from a few libraries: some misbehave as a variable says, and of others a copy is
//! changed byte by byte.

mod behaviour;
mod elf;
mod files;
mod good;
mod output;

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;
use tests::TestEnvironment;

use crate::home_with;

/// Longer than any call of a plugin that answers, on a busy machine.
const PATIENT: &str = "30";
/// For plugins that do not answer.
const SHORT: &str = "6";

/// Runs the check, and returns its report of one file.
#[track_caller]
fn report(home: &TestEnvironment, arguments: &[&str]) -> Value {
    let output = home.run(["plugin", "check", "-o", "json"].iter().chain(arguments));
    let reports: Vec<Value> = serde_json::from_str(output.stdout())
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{output}"));
    assert_eq!(reports.len(), 1, "{output}");
    let report = reports.into_iter().next().unwrap();
    // Exit code and counts say the same.
    let expected = if report["errors"] == 0 { 0 } else { 11 };
    output.failure(expected);
    report
}

/// The findings that are not notes, as `CODE FUNCTION`; the function is missing where the file shows it.
fn faults(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let faults = findings.filter(|finding| finding["level"] != "note");
    faults
        .map(|finding| {
            let function = finding["function"].as_str().unwrap_or_default();
            format!("{} {function}", finding["code"].as_str().unwrap()).trim_end().to_owned()
        })
        .collect()
}

/// No finding is without its explanation.
#[track_caller]
fn assert_explained(report: &Value) {
    for finding in report["findings"].as_array().unwrap() {
        for key in ["message", "why", "remedy"] {
            assert!(finding[key].as_str().is_some_and(|text| text.len() > 10), "no {key}: {finding:#}");
        }
        if finding["function"].is_string() && finding["chain"].is_null() {
            let reproduce = finding["reproduce"].as_str().unwrap_or_default();
            assert!(reproduce.starts_with("flyte-host plugin check "), "{finding:#}");
        }
    }
}

/// Compares the faults of one file of the corpus; returns what is wrong.
fn compare(case: &str, report: &Value, expected: &[&str]) -> Option<String> {
    assert_explained(report);
    let found = faults(report);
    let expected: BTreeSet<String> = expected.iter().map(|&fault| fault.to_owned()).collect();
    (found != expected).then(|| format!("{case}: expected {expected:?}, found {found:?}"))
}

/// All that is wrong with a table, at once.
#[track_caller]
fn assert_none_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// A home with a copy of a library of the tests, and its path.
fn home_of(plugin: &str) -> (TestEnvironment, String) {
    let home = home_with(&[]);
    let path = home.copy(plugin, format!("lib{plugin}.so")).display().to_string();
    (home, path)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn the_corpus_is_large() {
    let cases = behaviour::CRASHING.len()
        + behaviour::ENDINGS.len()
        + behaviour::CARELESS.len()
        + behaviour::FAULTY.len()
        + files::CASES.len();
    assert!(cases >= 60, "{cases}");
}
