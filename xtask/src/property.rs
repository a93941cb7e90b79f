//! Property tests: where they are, and that each run without a seed of its own tries the same cases.

use std::fs;

use crate::Result;
use crate::tidy::tracked_files;
use crate::workspace::Workspace;

/// Sets the seed of every property test.
const CARGO_CONFIG: &str = ".cargo/config.toml";
/// The variable from which `proptest` takes its seed.
pub(crate) const SEED: &str = "PROPTEST_RNG_SEED";

/// Ways to draw a number that the seed does not decide, or to lose the seed of a failure. Tests may use none
/// of them.
const UNSEEDED: [&str; 10] = [
    "RngSeed::Random",
    "TestRunner::deterministic(",
    "failure_persistence: None",
    "from_entropy(",
    "from_os_rng(",
    "getrandom::",
    "rand::random",
    "rand::rng(",
    "thread_rng(",
    "Math.random(",
];

/// Names of all property tests of the workspace.
pub(crate) fn property_tests(workspace: &Workspace) -> Result<Vec<String>> {
    let files = tracked_files(&workspace.root)?;
    let sources = files.iter().filter(|name| name.ends_with(".rs"));
    let texts = sources.filter_map(|name| fs::read_to_string(workspace.path(name)).ok());
    Ok(texts.flat_map(|text| names_in(&text)).collect())
}

/// Functions with `#[test]` that stand in a `proptest!` block or run a `TestRunner` of their own.
fn names_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    // A block ends at a brace as far left as it began.
    let mut end = None;
    let mut is_test = false;
    let mut last = None;
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() == "proptest! {" {
            end = Some(format!("{indent}}}"));
        } else if end.as_deref() == Some(line) {
            end = None;
        } else if line.trim() == "#[test]" {
            is_test = true;
        } else if is_test && let Some(rest) = line.trim().strip_prefix("fn ") {
            is_test = false;
            last = rest.split(['(', '<']).next().map(str::to_owned);
            names.extend(last.take_if(|_| end.is_some()));
        } else if line.contains(concat!("Test", "Runner::new(")) {
            names.extend(last.take());
        }
    }
    names
}

/// What `tidy` says about a file: tests that draw from no seed, and a seed that is set no more.
pub(crate) fn unseeded(name: &str, text: &str) -> Vec<String> {
    if name == CARGO_CONFIG && !text.lines().any(|line| line.starts_with(&format!("{SEED} = \""))) {
        return vec![format!("{name}: sets no `{SEED}`, so every run of the tests would try other cases")];
    }
    if !is_test(name) {
        return Vec::new();
    }
    let lines = (1..).zip(text.lines()).filter(|(_, line)| draws_unseeded(line));
    lines.map(|(number, line)| format!("{name}:{number}: random without the seed: {}", line.trim())).collect()
}

fn is_test(name: &str) -> bool {
    let is_code = [".rs", ".py", ".js", ".mjs"].iter().any(|ending| name.ends_with(ending));
    is_code && (name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs"))
}

fn draws_unseeded(line: &str) -> bool {
    let from_thread =
        line.match_indices("fastrand::").any(|(at, _)| !line[at..].starts_with("fastrand::Rng"));
    let unseeded_rng = line.contains("fastrand::Rng::new()");
    from_thread || unseeded_rng || UNSEEDED.iter().any(|call| line.contains(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_tests_are_found_by_their_blocks() {
        let text = "proptest! {\n    #![proptest_config(x)]\n\n    #[test]\n    fn a(\n        x in y) {\n    }\n\n    fn helper() {}\n}\n\
                    #[test]\nfn b() {}\nmod tests {\n    proptest! {\n        #[test]\n        fn c(x in y) {}\n    }\n\n    #[test]\n    fn d() {}\n}\n";
        assert_eq!(names_in(text), ["a", "c"]);
        let runner = concat!("#[test]\nfn e() {\n    let all = Test", "Runner::new(config);\n}\n");
        assert_eq!(names_in(runner), ["e"]);
    }

    #[test]
    fn a_test_that_draws_from_no_seed_is_named() {
        let drawn = concat!("let x = fast", "rand::u64(..);");
        assert_eq!(unseeded("flyte-client/src/retry.rs", drawn), Vec::<String>::new());
        assert_eq!(unseeded("flyte-client/tests/it/retry.rs", drawn).len(), 1);
        assert_eq!(unseeded("flyte-client/src/retry/tests.rs", drawn).len(), 1);
        assert!(unseeded("flyte-client/tests/it/retry.rs", "fastrand::Rng::with_seed(1)").is_empty());
        assert_eq!(unseeded("a/tests/b.rs", concat!("failure_persistence", ": None")).len(), 1);
    }

    #[test]
    fn a_seed_that_is_set_no_more_is_named() {
        assert!(unseeded(CARGO_CONFIG, "[env]\nPROPTEST_RNG_SEED = \"1\"\n").is_empty());
        assert_eq!(unseeded(CARGO_CONFIG, "[env]\n# PROPTEST_RNG_SEED = \"1\"\n").len(), 1);
    }
}
