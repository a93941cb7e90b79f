//! A notebook's kernel with compiled plugins. The steps are in `fixtures/bridge/notebook.py`.

use tests::{output, prepared};

use super::{fixture, plugins, python};
use crate::home_with;

/// Fewer steps than these mean that some were lost.
const STEPS: usize = 9;

#[test]
fn plugins_work_in_a_notebook() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let home = home_with(&[]);
    let mut notebook = python(&interpreter, &bridge, &home);
    // No settings of the user who runs the test.
    notebook.env("IPYTHONDIR", home.home().join("ipython")).env("JUPYTER_NO_CONFIG", "1");
    let output = output(notebook.arg(fixture("notebook.py")).arg(plugins()));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed = printed.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(passed, STEPS, "{printed}");
}
