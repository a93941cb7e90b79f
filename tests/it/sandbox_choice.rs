//! When the embedded sandbox answers: never because a configuration is lost.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use snapbox::str;
use tests::{Recorded, Transcript, snapshot};

use crate::{allow_sandbox, home_with, sandbox_home};

#[test]
fn without_a_configuration_commands_fail() {
    let home = home_with(&[]);
    for command in
        [&["get", "tasks"][..], &["run", "x"], &["execution", "show", "x"], &["whoami"], &["login"]]
    {
        snapshot!(
            home.run(command),
            str![[r#"
------- stderr -------
error: no Flyte endpoint is configured
  caused by: no configuration file found, and `FLYTE_PLATFORM_URL` is not set
hint: set `admin.endpoint` in `~/.flyte/config.yaml`, or `FLYTE_PLATFORM_URL`
hint: for the local sandbox pass `--sandbox`, or set `FLYTE_SANDBOX=1`
[exit: 23]
"#]]
        );
    }
    assert!(!home.home().join(".flyte/sandbox").exists());
    // What needs no server works.
    let mut transcript = Transcript::new();
    transcript.add(home.run(["sandbox", "status"]));
    transcript.add(home.run(["version"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host sandbox status
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           no
open executions  0
size             0 bytes
[exit: 0]
$ flyte-host version
PART    NAME        VERSION
client  flyte-host  [VERSION]
------- stderr -------
error: no Flyte endpoint is configured
  caused by: no configuration file found, and `FLYTE_PLATFORM_URL` is not set
hint: set `admin.endpoint` in `~/.flyte/config.yaml`, or `FLYTE_PLATFORM_URL`
hint: for the local sandbox pass `--sandbox`, or set `FLYTE_SANDBOX=1`
[exit: 23]

"#]]
    );
}

#[test]
fn on_a_terminal_a_line_names_the_sandbox() {
    let home = home_with(&[]);
    let mut run = home.start_on_terminal(["get", "tasks"]);
    run.until("using the local sandbox: no Flyte endpoint is configured");
    run.until("no tasks in project");
    let mut home = home_with(&[]);
    home.set("CI", "true");
    home.start_on_terminal(["get", "tasks"]).until("no Flyte endpoint is configured");
    let mut home = home_with(&[]);
    home.set("FLYTE_SANDBOX", "0");
    home.start_on_terminal(["get", "tasks"]).until("no Flyte endpoint is configured");
}

#[test]
fn it_answers_where_it_is_asked_for() {
    let list = ["get", "projects", "-o", "name"];
    let mut transcript = Transcript::new();
    transcript.add(home_with(&[]).run([&list[..], &["--sandbox"]].concat()));
    transcript.add(sandbox_home(&[]).run(&list));
    let home = home_with(&[]);
    allow_sandbox(&home);
    transcript.add(home.run(&list));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get projects -o name --sandbox
flytesnacks
[exit: 0]
$ flyte-host get projects -o name
flytesnacks
[exit: 0]
$ flyte-host get projects -o name
flytesnacks
[exit: 0]

"#]]
    );
}

#[test]
fn it_replaces_an_endpoint_only_where_it_is_asked_for() {
    let flyte = Recorded::api().start();
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    allow_sandbox(&home);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["version", "-o", "name"]));
    transcript.add(home.run(["version", "-o", "name", "--sandbox"]));
    home.set("FLYTE_SANDBOX", "1");
    transcript.add(home.run(["version", "-o", "name"]));
    transcript.add(home.run(["config", "show"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version -o name
flyte-host
127.0.0.1:[PORT]
[exit: 0]
$ flyte-host version -o name --sandbox
flyte-host
embedded sandbox
[exit: 0]
$ flyte-host version -o name
flyte-host
embedded sandbox
[exit: 0]
$ flyte-host config show
SETTING               VALUE                  FROM
endpoint              localhost:30080        variable `FLYTE_SANDBOX`
insecure              true                   default (sandbox)
insecure_skip_verify  false                  default
ca_cert_file_path     -                      default
console_endpoint      -                      default
http_proxy_url        -                      default
auth_mode             Pkce                   default (sandbox)
client_id             -                      default
client_secret         -                      default
scopes                -                      default
audience              -                      default
command               -                      default
proxy_command         -                      default
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default
[exit: 0]

"#]]
    );
}

#[test]
fn a_plugin_that_carries_all_calls_conflicts_with_it() {
    let mut home = sandbox_home(&["transport"]);
    home.set("FLYTE_PLUGIN", "transport").set("TRANSPORT", "memory");
    snapshot!(
        home.run(["get", "tasks"]),
        str![[r#"
------- stderr -------
error: could not use the sandbox, which variable `FLYTE_SANDBOX` asks for: plugin `transport` carries all calls
hint: pass `--no-plugins` to omit the plugin
[exit: 2]
"#]]
    );
}

#[test]
fn a_file_that_is_not_read_is_named() {
    let home = home_with(&[]);
    home.write("../.flyte/config.yml", "admin: { endpoint: flyte.example.org }\n");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["get", "tasks"]));
    let mut home = home_with(&[]);
    home.set("FLYTECTL_CONFIG", "nowhere.yaml");
    transcript.add(home.run(["get", "tasks"]));
    transcript.add(home.run(["get", "tasks", "-c", "other.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks
------- stderr -------
error: no Flyte endpoint is configured
  caused by: no configuration file found, and `FLYTE_PLATFORM_URL` is not set
hint: `~/.flyte/config.yml` is not read; pass `--config ~/.flyte/config.yml`
hint: for the local sandbox pass `--sandbox`, or set `FLYTE_SANDBOX=1`
[exit: 23]
$ flyte-host get tasks
------- stderr -------
error: configuration file `~/work/nowhere.yaml` does not exist
hint: correct the path, or unset `FLYTECTL_CONFIG`
[exit: 1]
$ flyte-host get tasks -c other.yaml
------- stderr -------
error: configuration file `~/work/other.yaml` does not exist
hint: correct the path, or omit `--config`
[exit: 1]

"#]]
    );
}

#[test]
fn a_variable_that_is_not_utf8_is_not_unset() {
    let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let mut home = home_with(&[]);
    home.set("FLYTE_PLATFORM_URL", text(b"flyte.example.org\xa0"));
    let mut transcript = Transcript::new();
    transcript.add(home.run(["config", "show"]));
    let mut home = home_with(&[]);
    home.set("https_proxy", text(b"proxy\xa0:3128"));
    transcript.add(home.run(["config", "show"]));
    let mut home = home_with(&[]);
    home.set("FLYTE_SANDBOX_DIR", text(b"caf\xe9"));
    transcript.add(home.run(["get", "tasks", "--sandbox"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host config show
------- stderr -------
error: variable `FLYTE_PLATFORM_URL` is not UTF-8
hint: set `FLYTE_PLATFORM_URL` again, without bytes that are not UTF-8, or unset it
[exit: 1]
$ flyte-host config show
------- stderr -------
error: variable `https_proxy` is not UTF-8
hint: set `https_proxy` again, or unset it
[exit: 2]
$ flyte-host get tasks --sandbox
------- stderr -------
error: variable `FLYTE_SANDBOX_DIR` is not UTF-8
hint: set `FLYTE_SANDBOX_DIR` again, or unset it
[exit: 2]

"#]]
    );
}

#[test]
fn a_switch_that_is_neither_on_nor_off_is_an_error() {
    for (name, value) in [("FLYTE_SANDBOX", "maybe"), ("FLYTE_PLUGIN_FALLBACK", "2")] {
        let mut home = home_with(&[]);
        home.set(name, value);
        let printed = home.run(["get", "tasks"]);
        let error = format!("error: invalid value `{value}` for variable `{name}`: expected `1` or `0`\n");
        assert!(printed.contains(&error), "{printed}");
        printed.failure(2);
    }
    let mut home = home_with(&[]);
    home.set("FLYTE_SANDBOX", "TRUE");
    home.run(["get", "tasks"]).success();
}

#[test]
fn a_home_that_does_not_exist_is_not_made() {
    let home = home_with(&[]);
    let missing = home.home().join("does/not/exist");
    let list = |directory: &std::path::Path| {
        let mut command = home.command();
        home.run_command(command.args(["get", "tasks", "--sandbox"]).env("HOME", directory))
    };
    let mut transcript = Transcript::new();
    transcript.add(list(&missing));
    transcript.add(list("relative".as_ref()));
    assert!(!missing.parent().unwrap().exists() && !home.cwd().join("relative").exists());
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks --sandbox
------- stderr -------
error: could not choose a folder for the sandbox: the home directory `[HOME]/does/not/exist` does not exist
hint: set `FLYTE_SANDBOX_DIR` to a folder
[exit: 1]
$ flyte-host get tasks --sandbox
------- stderr -------
error: could not choose a folder for the sandbox: the home directory `relative` is not absolute
hint: set `FLYTE_SANDBOX_DIR` to a folder
[exit: 1]

"#]]
    );
}

#[test]
fn a_value_that_cannot_be_used_is_not_called_a_bug_of_a_plugin() {
    let mut home = sandbox_home(&[]);
    let error = str![[r#"
------- stderr -------
error: invalid connection settings
  caused by: `default_project` has a control character: `a\tb`
hint: correct the option, the variable `FLYTE_…` or the configuration file that sets it
[exit: 1]
"#]];
    snapshot!(home.run(["get", "tasks", "-p", "a\tb"]), error.clone());
    home.set("FLYTE_DEFAULT_PROJECT", "a\tb");
    snapshot!(home.run(["get", "tasks"]), error);
}
