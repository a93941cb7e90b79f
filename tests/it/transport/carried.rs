//! Transports that work.

use snapbox::str;
use tests::{difference, snapshot};

use super::home_where;

/// A plugin's own command, a list, a registration, an execution.
const REGISTER: [&str; 4] = ["register", "task.yaml", "--version", "v1"];

#[test]
fn one_around_the_hosts_sees_every_call() {
    let home = home_where("count");
    snapshot!(
        home.run(&["teams", "-v"]),
        str![[r#"
flytesnacks
------- stderr -------
info: [transport] call 1: ListProjects
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version", "-v"]),
        str![[r#"
PART    NAME              VERSION
client  flyte-host        [VERSION]
plugin  transport         0.7.0
server  embedded sandbox  [VERSION]
------- stderr -------
info: [transport] call 1: GetVersion
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&[&REGISTER[..], &["-v"]].concat()),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> --verbose... <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn one_in_the_place_of_the_hosts_answers_from_memory() {
    let home = home_where("memory");
    snapshot!(
        home.run(&["teams"]),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME                VERSION
client  flyte-host          [VERSION]
plugin  transport           0.7.0
server  plugin `transport`  in-memory
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&REGISTER),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
    assert!(!home.home().join(".flyte/sandbox").exists(), "nobody needs the sandbox");
}

#[test]
fn it_needs_no_endpoint() {
    let (with, without) = (home_where("memory"), home_where("nowhere"));
    for command in [&["version"][..], &REGISTER] {
        assert_eq!(with.run(command), without.run(command));
    }
    snapshot!(
        difference(&home_where("count").run(&["config", "show"]), &without.run(&["config", "show"])),
        str![[r#"
- endpoint              localhost:30080        default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
- insecure              true                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
- auth_mode             Pkce                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
- transport             wrapped                plugin `transport`
+ endpoint              -                      plugin `transport` (needs no address)
+ insecure              false                  default
+ auth_mode             Pkce                   default
+ transport             supplied               plugin `transport`

"#]]
    );
}

#[test]
fn config_and_plugin_show_tell_of_it() {
    for mode in ["count", "memory", "nowhere"] {
        let home = home_where(mode);
        let shown = home.run(&["plugin", "show", "transport"]);
        let line = shown.lines().find(|line| line.starts_with("get_remote")).unwrap();
        let config = home.run(&["config", "show"]);
        let row = config.lines().find(|line| line.starts_with("transport")).unwrap();
        match mode {
            "count" => snapshot!(
                format!("{line}\n{row}\n"),
                str![[r#"
get_remote                  plugin    localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
transport             wrapped                plugin `transport`

"#]]
            ),
            _ => snapshot!(
                format!("{line}\n{row}\n"),
                str![[r#"
get_remote                  plugin    a transport of its own    localhost:30080 (insecure)
transport             supplied               plugin `transport`

"#]]
            ),
        }
    }
}
