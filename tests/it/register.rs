//! `register --dry-run`, as a user types it. What a hook answers is in `hooks`; here is what the command
//! makes of it.

mod packages;
mod refused;
mod rules;

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

use crate::home_with;

/// A home with one document, and Acme in use or no plugin at all.
fn home_of(plugin: Option<&str>, document: &str) -> TestEnvironment {
    let mut home = home_with(plugin.as_slice());
    if let Some(plugin) = plugin {
        home.set("FLYTE_PLUGIN", plugin);
    }
    home.write("task.yaml", document);
    home
}

/// What `register --dry-run task.yaml` prints.
fn register(plugin: Option<&str>, document: &str, options: &[&str]) -> Output {
    home_of(plugin, document).run([&["register", "--dry-run", "task.yaml"], options].concat())
}

#[test]
#[cfg(unix)]
fn a_file_is_judged_by_the_end_of_its_name_which_need_not_be_utf8() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let home = home_with(&[]);
    let file = home.home().join(OsStr::from_bytes(b"caf\xe9.YAML"));
    std::fs::write(&file, "name: t\nimage: debian\ncommand: ['true']\n").unwrap();
    let mut command = home.command();
    command.args(["register", "--dry-run", "-o", "name"]).arg(&file);
    snapshot!(
        home.run_command(&mut command),
        str![[r#"
t
[exit: 0]
"#]]
    );
}
