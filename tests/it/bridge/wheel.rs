//! README's first steps by an installed wheel, with both clients.

use super::fresh::FreshVenv;
use crate::{docs, home_with};

/// Comments of README at blocks that are run here alone, and what they stand for.
const RUN_HERE: [(&str, &str); 2] = [
    ("<!-- not run: installs the wheel -->\n", ""),
    ("<!-- not run: needs flytekit -->\n", "<!-- test: pip install flytekit -->\n"),
];

#[test]
fn an_installed_wheel_takes_readmes_steps() {
    let home = home_with(&[]);
    let Some(venv) = FreshVenv::create(&home) else { return };
    let mut text = docs::text_of("README.md");
    for (comment, instead) in RUN_HERE {
        assert!(text.contains(comment), "README lacks `{}`", comment.trim());
        text = text.replace(comment, instead);
    }
    // README has it in the folder where `cargo xtask dist` puts it.
    venv.copy_wheel(&home.cwd().join("target/dist"));
    docs::run_text("README.md", &text, home, |shell| venv.activate(shell));
}
