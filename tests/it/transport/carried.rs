//! Transports that work.

use snapbox::str;
use tests::{Transcript, difference, snapshot};

use super::{every_command, home_where};
use crate::flyte;

#[test]
fn one_around_the_hosts_sees_every_call() {
    let mut flyte = flyte::hello();
    flyte.home.install("transport");
    flyte.home.set("FLYTE_PLUGIN", "transport").set("TRANSPORT", "count");
    flyte
        .home
        .write("task.yaml", "{ name: where-am-i, image: 'debian:12-slim', command: [pwd], cache: false }");
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["teams", "-v"]));
    transcript.add(flyte.run(["version", "-v"]));
    transcript.add(flyte.run(["get", "task", "hello.greet", "v1", "-o", "name", "-v"]));
    transcript.add(flyte.run(["register", "task.yaml", "--version", "v1", "-v"]));
    transcript.add(flyte.run(["run", "where-am-i", "--task", "--name", "first", "-v"]));
    flyte.run(["execution", "watch", "first"]).success();
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host teams -v
flytesnacks
------- stderr -------
info: [transport] call 1: ListProjects
[exit: 0]
$ flyte-host version -v
PART    NAME              VERSION
client  flyte-host        [VERSION]
plugin  transport         0.7.0
server  embedded sandbox  v[VERSION]
------- stderr -------
info: [transport] call 1: GetVersion
[exit: 0]
$ flyte-host get task hello.greet v1 -o name -v
hello.greet:v1
------- stderr -------
info: [transport] call 1: GetTask
[exit: 0]
$ flyte-host register task.yaml --version v1 -v
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       registered
------- stderr -------
info: [transport] call 1: CreateTask
1 registered
run it with `flyte-host run where-am-i:v1`
[exit: 0]
$ flyte-host run where-am-i --task --name first -v
first
------- stderr -------
info: [transport] call 1: ListTasks
info: [transport] call 2: GetTask
info: [transport] call 3: GetExecution
running task `where-am-i`, version `v1`
info: [transport] call 4: CreateExecution
started execution `first`
follow it with `flyte-host execution watch first`
[exit: 0]

"#]]
    );
}

#[test]
fn one_in_the_place_of_the_hosts_answers_from_memory() {
    let home = home_where("memory");
    snapshot!(
        every_command(&home),
        str![[r#"
$ flyte-host teams
flytesnacks
[exit: 0]
$ flyte-host version -o name
flyte-host
transport
plugin `transport`
[exit: 0]
$ flyte-host get tasks -o name
remembered:v1
[exit: 0]
$ flyte-host register task.yaml --version v1
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       registered
------- stderr -------
1 registered
run it with `flyte-host run where-am-i:v1`
[exit: 0]
$ flyte-host run remembered --task --name first
first
------- stderr -------
running task `remembered`, version `v1`
started execution `first`
follow it with `flyte-host execution watch first`
[exit: 0]

"#]]
    );
    assert!(!home.home().join(".flyte/sandbox").exists(), "the sandbox is not needed");
}

#[test]
fn it_needs_no_endpoint() {
    let (with, without) = (home_where("memory"), home_where("nowhere"));
    assert_eq!(every_command(&with), every_command(&without));
    snapshot!(
        difference(home_where("count").run(["config", "show"]), without.run(["config", "show"])),
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
fn config_show_and_plugin_show_name_the_transport() {
    let output = ["count", "memory", "nowhere"].map(|mode| {
        let home = home_where(mode);
        let shown = home.run(["plugin", "show", "transport"]);
        let hook = shown.lines().find(|line| line.starts_with("get_remote")).unwrap();
        let config = home.run(["config", "show"]);
        let row = config.lines().find(|line| line.starts_with("transport")).unwrap();
        format!("{hook}\n{row}\n")
    });
    snapshot!(
        output.concat(),
        str![[r#"
get_remote                  plugin    localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
transport             wrapped                plugin `transport`
get_remote                  plugin    a transport of its own    localhost:30080 (insecure)
transport             supplied               plugin `transport`
get_remote                  plugin    a transport of its own    localhost:30080 (insecure)
transport             supplied               plugin `transport`

"#]]
    );
}
