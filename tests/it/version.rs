//! `version`: of the program, of the plugins, of the server.

use snapbox::str;
use tests::snapshot;

use crate::{home_with, sandbox_home};

#[test]
fn of_all_parts() {
    let mut home = sandbox_home(&["acme"]);
    home.set("FLYTE_PLUGIN", "acme");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME              VERSION
client  flyte-host        [VERSION]
plugin  acme              [VERSION]
server  embedded sandbox  [VERSION]
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version", "-o", "json"]),
        str![[r#"
{
  "client": {
    "name": "flyte-host",
    "version": "[VERSION]"
  },
  "plugins": [
    {
      "name": "acme",
      "version": "[VERSION]",
      "protocol": "1.0"
    }
  ],
  "server": {
    "endpoint": "embedded sandbox",
    "version": "[VERSION]"
  }
}
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version", "-o", "yaml"]),
        str![[r#"
client:
  name: flyte-host
  version: "[VERSION]"
plugins:
- name: acme
  version: "[VERSION]"
  protocol: "1.0"
server:
  endpoint: embedded sandbox
  version: "[VERSION]"
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version", "-o", "name"]),
        str![[r#"
flyte-host
acme
embedded sandbox
[exit: 0]
"#]]
    );
}

#[test]
fn of_the_client_alone() {
    let home = home_with(&[]);
    snapshot!(
        home.run(&["version", "--client"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version", "--client", "-o", "yaml"]),
        str![[r#"
client:
  name: flyte-host
  version: "[VERSION]"
plugins: []
[exit: 0]
"#]]
    );
    assert!(!home.home().join(".flyte/sandbox").exists());
}

#[test]
fn of_a_server_that_cannot_be_asked() {
    let mut home = home_with(&[]);
    // Nobody listens there: the port is reserved.
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
"#]]
    );
    snapshot!(
        home.run(&["version", "-o", "json"]),
        str![[r#"
{
  "client": {
    "name": "flyte-host",
    "version": "[VERSION]"
  },
  "plugins": []
}
------- stderr -------
{"error":{"message":"cannot reach Flyte in 3 tries within [TIME]","causes":["nothing listens at `127.0.0.1:1`","connection refused"],"hints":["check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there"],"exitCode":21}}
[exit: 21]
"#]]
    );
}
