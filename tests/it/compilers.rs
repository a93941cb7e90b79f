//! The sample plugin as other Rust compilers built it, in a host that the usual one built.

use std::fs;

use tests::{TestEnvironment, join, prepared};

use crate::home_with;

/// Everything that Acme changes, in one text.
fn answers(mut home: TestEnvironment) -> String {
    home.set("FLYTE_PLUGIN", "acme").set("MY_STAGING_ENDPOINT", "staging.acme.example:443");
    home.write("task.yaml", "{ name: a, command: [], secrets: [{ key: k }], cache: true }");
    let commands: [&[&str]; 6] = [
        &["--version"],
        &["--help"],
        &["plugin", "show", "acme"],
        &["config", "show"],
        &["my-group", "sub-command"],
        &["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "yaml"],
    ];
    join(commands.map(|command| home.run(command)))
}

#[test]
fn plugins_of_every_compiler_answer_alike() {
    let Some(folder) = prepared("FLYTE_TEST_COMPILERS") else { return };
    let list = fs::read_to_string(folder.join("list.txt")).unwrap();
    assert!(!list.is_empty(), "`{}` has no plugin", folder.display());
    let own = answers(home_with(&["acme"]));
    for release in list.lines() {
        let home = home_with(&[]);
        home.install_from(&folder.join(release), "acme");
        assert_eq!(answers(home), own, "built by rustc {release}");
    }
}
