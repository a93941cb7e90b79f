//! Panics while a plugin is destroyed.

use snapbox::str;
use tests::snapshot;

use super::home_where;

#[test]
fn a_panic_in_the_destructor_of_a_threads_value_changes_nothing() {
    let home = home_where("faulty", "answer:configure_cli,panic:thread_local");
    snapshot!(
        home.run(["faulty"]),
        str![[r#"
all is well
[exit: 0]
"#]]
    );
}

#[test]
fn a_panic_of_a_destructor_is_a_warning() {
    let home = home_where("faulty", "answer:configure_cli,panic:drop,panic-drop:drop_command");
    snapshot!(
        home.run(["faulty"]),
        str![[r#"
all is well
------- stderr -------
warning: [faulty] panicked in `drop`: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37); this is a bug in the plugin
warning: [faulty] panicked in `drop`: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35); this is a bug in the plugin
[exit: 0]
"#]]
    );
}
