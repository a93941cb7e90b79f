//! `create`, which is no hook, but fails as hooks do: the plugin cannot be used. And what comes at the end.

use snapbox::str;
use tests::snapshot;

use super::home_where;

fn config_show(fault: &str) -> String {
    home_where("faulty", fault).run(&["config", "show", "-o", "name"])
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        config_show("error:create"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `create`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_panic_is_told_with_its_place() {
    snapshot!(
        config_show("panic:create"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `create`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        config_show("panic-value:create"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `create`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        config_show("panic-drop:create"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `create`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_panic_in_the_destructor_of_a_threads_value_changes_nothing() {
    let home = home_where("faulty", "answer:configure_cli,panic:thread_local");
    snapshot!(
        home.run(&["faulty"]),
        str![[r#"
all is well
[exit: 0]
"#]]
    );
}

#[test]
fn a_panic_of_a_destructor_is_told_and_survived() {
    let home = home_where("faulty", "answer:configure_cli,panic:drop,panic-drop:drop_command");
    snapshot!(
        home.run(&["faulty"]),
        str![[r#"
all is well
------- stderr -------
warning: [faulty] panicked in `drop`: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37); this is a bug in the plugin
warning: [faulty] panicked in `drop`: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35); this is a bug in the plugin
[exit: 0]
"#]]
    );
}
