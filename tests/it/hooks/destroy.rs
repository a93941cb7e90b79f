//! Destructors of plugins, after the work is done.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::home_where;

#[test]
fn destructors_change_nothing() {
    for how in ["abort", "exit", "hang", "panic", "panic-drop"] {
        for place in ["drop", "drop_command", "thread_local"] {
            let home = home_where("faulty", &format!("answer:configure_cli,{how}:{place}"));
            snapshot!(
                home.run(["faulty"]),
                str![[r#"
all is well
[exit: 0]
"#]]
            );
        }
    }
}

#[test]
fn destructors_do_not_hide_an_error() {
    let mut transcript = Transcript::new();
    for place in ["drop", "drop_command", "thread_local"] {
        let home = home_where("faulty", &format!("answer:configure_cli,error:run,exit:{place}"));
        transcript.add(home.run(["faulty"]));
    }
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host faulty
------- stderr -------
error: plugin `faulty` 0.4.1 failed in the command `faulty`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
$ flyte-host faulty
------- stderr -------
error: plugin `faulty` 0.4.1 failed in the command `faulty`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
$ flyte-host faulty
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
fn a_panic_of_a_plugins_thread_names_the_plugin() {
    let home = home_where("faulty", "answer:configure_cli,panic:thread");
    snapshot!(
        home.run(["faulty"]),
        str![[r#"
all is well
------- stderr -------
error: [faulty] a thread of the plugin panicked: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
[exit: 0]
"#]]
    );
}
