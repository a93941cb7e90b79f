//! What the file shows without being loaded.

use std::path::Path;

use plugin_host::{Candidate, LoadError, preflight::FileFacts};

use super::finding::{Finding, Report};

/// Bytes of a file that is large for a plugin.
const LARGE: u64 = 32 << 20;
/// What a plugin exports.
const EXPORTS: [&str; 2] = [plugin_abi::passport::HEADER_SYMBOL, plugin_abi::passport::SYMBOL];
/// How many symbols a message names.
const MAX_NAMED: usize = 3;

/// The finding for a file that cannot be loaded.
pub(super) fn refused(error: &LoadError) -> Finding {
    let mut message = error.to_string();
    let source = std::error::Error::source(error).map(ToString::to_string);
    for more in source.into_iter().chain(error.details()) {
        message = format!("{message}: {more}");
    }
    Finding::of_file(error.code(), message, error.hint())
}

/// Adds the facts of a file that can be loaded, and what is unusual about them.
pub(super) fn check(candidate: &Candidate, report: &mut Report) {
    let passport = &candidate.passport;
    report.identity =
        Some([passport.name().to_owned(), passport.version().to_owned(), passport.protocol().to_string()]);
    for warning in &candidate.warnings {
        report.add(Finding::of_file(warning.kind.code(), warning.to_string(), Some(warning.hint())));
    }
    let Some(facts) = candidate.file.facts() else { return };
    (report.size, report.glibc) = (Some(facts.size), facts.glibc);
    check_facts(&facts, report);
}

fn check_facts(facts: &FileFacts, report: &mut Report) {
    let extra: Vec<&String> = facts.exports.iter().filter(|name| !EXPORTS.contains(&name.as_str())).collect();
    if !extra.is_empty() {
        report.add(Finding::of_file("extra-exports", format!("exports {}", listed(&extra)), None));
    }
    for path in facts.search_paths.iter().filter(|path| leaves_folder(path)) {
        let message = match path.as_str() {
            "" => {
                "searches the working directory for libraries: its search path has an empty part".to_owned()
            }
            path => format!("searches `{path}` for libraries, which is outside its own folder"),
        };
        report.add(Finding::of_file("search-path", message, None));
    }
    if facts.size > LARGE {
        let mebibytes = facts.size >> 20;
        report.add(Finding::of_file("large-file", format!("the file has {mebibytes} MiB"), None));
    }
    if facts.debug_size > 0 {
        let kibibytes = facts.debug_size.div_ceil(1024);
        let message = format!("{kibibytes} KiB of the file are debug information");
        report.add(Finding::of_file("debug-info", message, None));
    }
    if let Some((major, minor)) = facts.glibc {
        report.add(Finding::of_file("glibc-floor", format!("needs glibc {major}.{minor} or later"), None));
    }
}

/// Whether a search path leads out of the folder of the plugin, as far as its text says.
fn leaves_folder(path: &str) -> bool {
    let below = path.strip_prefix("$ORIGIN").or_else(|| path.strip_prefix("${ORIGIN}"));
    let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) else { return true };
    Path::new(below).components().any(|part| part == std::path::Component::ParentDir)
}

fn listed(names: &[&String]) -> String {
    let named: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(MAX_NAMED) {
        Some(more @ 1..) => format!("{} and {more} more symbols that no host uses", named.join(", ")),
        _ => format!("{}, which no host uses", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_paths_below_the_plugin_are_its_own() {
        for path in ["$ORIGIN", "${ORIGIN}", "$ORIGIN/", "$ORIGIN/acme.libs", "${ORIGIN}/a/b"] {
            assert!(!leaves_folder(path), "{path}");
        }
        for path in ["", ".", "lib", "/usr/lib", "$ORIGIN/..", "$ORIGIN/a/../../b", "$ORIGINAL", "$LIB"] {
            assert!(leaves_folder(path), "{path}");
        }
    }
}
