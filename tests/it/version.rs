//! `version`: of the program, of the plugins, of the server.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::{home_with, sandbox_home};

#[test]
fn of_all_parts() {
    let mut home = sandbox_home(&["acme"]);
    home.set("FLYTE_PLUGIN", "acme");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["version"]));
    transcript.add(home.run(["version", "-o", "json"]));
    transcript.add(home.run(["version", "-o", "yaml"]));
    transcript.add(home.run(["version", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version
PART    NAME              VERSION
client  flyte-host        [VERSION]
plugin  acme              [VERSION]
server  embedded sandbox  v[VERSION]
[exit: 0]
$ flyte-host version -o json
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
    "version": "v[VERSION]"
  }
}
[exit: 0]
$ flyte-host version -o yaml
client:
  name: flyte-host
  version: "[VERSION]"
plugins:
- name: acme
  version: "[VERSION]"
  protocol: "1.0"
server:
  endpoint: embedded sandbox
  version: v[VERSION]
[exit: 0]
$ flyte-host version -o name
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
    let mut transcript = Transcript::new();
    transcript.add(home.run(["version", "--client"]));
    transcript.add(home.run(["version", "--client", "-o", "yaml"]));
    assert!(!home.home().join(".flyte/sandbox").exists());
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version --client
PART    NAME        VERSION
client  flyte-host  [VERSION]
[exit: 0]
$ flyte-host version --client -o yaml
client:
  name: flyte-host
  version: "[VERSION]"
plugins: []
[exit: 0]

"#]]
    );
}

#[test]
fn of_a_server_that_cannot_be_asked() {
    let mut home = home_with(&[]);
    // Nothing listens there: the port is reserved.
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["version"]));
    transcript.add(home.run(["version", "-o", "json"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version
PART    NAME        VERSION
client  flyte-host  [VERSION]
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
$ flyte-host version -o json
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
