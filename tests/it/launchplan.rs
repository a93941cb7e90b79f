//! `launchplan`, on the embedded sandbox.

use snapbox::str;
use tests::{TestEnvironment, snapshot};

use crate::{register_send::HELLO, sandbox_home};

/// A home where the launch plan `shout` has the versions 1 and 2.
fn two_versions() -> TestEnvironment {
    let home = sandbox_home(&[]);
    home.write("hello.yaml", HELLO);
    for version in ["1", "2"] {
        let told = home.run(&["register", "hello.yaml", "--version", version]);
        assert!(told.ends_with("[exit: 0]"), "{told}");
    }
    home
}

#[test]
fn one_version_is_the_active_one() {
    let home = two_versions();
    snapshot!(
        home.run(&["launchplan", "activate", "shout", "1"]),
        str![[r#"
NAME   VERSION  STATE   SCHEDULE
shout  1        ACTIVE  -
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "activate", "shout"]),
        str![[r#"
NAME   VERSION  STATE   SCHEDULE
shout  2        ACTIVE  -
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "deactivate", "shout", "-o", "name"]),
        str![[r#"
shout
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "deactivate", "shout"]),
        str![[r#"
------- stderr -------
error: no version of launch plan `shout` is active
[exit: 1]
"#]]
    );
}

#[test]
fn all_of_it_is_shown_to_programs() {
    let home = two_versions();
    let told = home.run(&["launchplan", "activate", "shout", "-o", "json"]);
    let plan: serde_json::Value = serde_json::from_str(told.trim_end_matches("[exit: 0]")).unwrap();
    assert_eq!(plan["id"]["version"], "2");
    assert_eq!(plan["closure"]["state"], "ACTIVE");
}

#[test]
fn what_is_not_there_is_told() {
    let home = two_versions();
    snapshot!(
        home.run(&["launchplan", "activate", "shouting"]),
        str![[r#"
------- stderr -------
error: there is no launch plan `shouting` in project `flytesnacks`, domain `development`
hint: did you mean `shout`?
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "activate", "shout", "3"]),
        str![[r#"
------- stderr -------
error: there is no launch plan `shout` in version `3` in project `flytesnacks`, domain `development`
hint: run `flyte-host get launch-plans shout --versions` to list its versions
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "deactivate", "shout", "-d", "staging"]),
        str![[r#"
------- stderr -------
error: there is no launch plan `shout` in project `flytesnacks`, domain `staging`
hint: run `flyte-host get launch-plans -d staging` to list the launch plans
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["launchplan", "activate"]),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  <NAME>

Usage: flyte-host launchplan activate <NAME> [VERSION]

For more information, try '--help'.
[exit: 2]
"#]]
    );
}
