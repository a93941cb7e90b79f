//! What `cargo xtask test` makes before the tests run, because no test could.

use std::{env, io::Write, path::PathBuf};

/// The path in a variable that `cargo xtask test` sets. Without it the test is skipped, with a note.
///
/// # Panics
///
/// With `CI=true`, where nothing may be skipped.
#[must_use]
pub fn prepared(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    if path.is_none() {
        assert!(
            env::var_os("CI").is_none_or(|ci| ci != "true"),
            "`{variable}` is not set; run `cargo xtask test`"
        );
        // Not `eprintln`, which the test runner would hide.
        let _ = writeln!(std::io::stderr(), "skipped: `{variable}` is not set; run `cargo xtask test`");
    }
    path
}
