//! The function of a plugin's command.

use snapbox::str;
use tests::snapshot;

use super::home_where;

fn faulty(how: &str) -> String {
    home_where("faulty", &format!("answer:configure_cli,{how}:run")).run(&["faulty"])
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        faulty("error"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in the command `faulty`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_is_told_with_its_place() {
    snapshot!(
        faulty("panic"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in the command `faulty`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        faulty("panic-value"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in the command `faulty`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        faulty("panic-drop"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in the command `faulty`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]
"#]]
    );
}
