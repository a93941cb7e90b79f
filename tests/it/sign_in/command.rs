//! A command that prints a token.

use snapbox::str;
use tests::{Output, snapshot};

use super::Fixture;

/// Flyte is asked with a token that a script prints.
fn with(fixture: &mut Fixture, script: &str) -> Output {
    let config = format!(
        "admin:\n  endpoint: {}\n  insecure: true\n  authType: ExternalCommand\n  command: [sh, -c, {}]\n",
        fixture.flyte.endpoint(),
        serde_json::to_string(script).unwrap()
    );
    let file = fixture.home.write("config.yaml", config);
    fixture.home.set("FLYTECTL_CONFIG", file);
    fixture.list_projects()
}

#[test]
fn a_command_prints_a_token() {
    let Some(mut fixture) = Fixture::new() else { return };
    let token = fixture.provider.token();
    fixture.home.write("token", &token);
    snapshot!(
        with(&mut fixture, "cat token"),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.run(["whoami"]),
        str![[r#"
endpoint      127.0.0.1:[PORT]
name          Person flytepropeller
username      flytepropeller
e-mail        flytepropeller@example.org
subject       flytepropeller
flow          external command
auto-refresh  yes
token from    command `sh`
[exit: 0]
"#]]
    );
    snapshot!(
        with(&mut fixture, "echo 'log in at https://vault.example first' >&2; exit 3"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: token command `sh` failed with exit status: 3: log in at https://vault.example first
hint: run the command by hand: it may require a login of its own
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut fixture, "exit 0"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: token command `sh` printed an invalid token: empty
hint: print only the token to stdout; write anything else to stderr
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut fixture, "echo Your token is:; cat token"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: token command `sh` printed an invalid token: 2 lines instead of one
hint: print only the token to stdout; write anything else to stderr
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut fixture, "echo not-one-of-yours"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` rejected the token of this sign-in
  caused by: token parse error Not enough segments
hint: run the command by hand: it may require a login of its own, or print a token for another server
[exit: 20]
"#]]
    );
    // It waits for something that never comes.
    fixture.home.set("FLYTE_SIGN_IN_TIMEOUT", "1");
    snapshot!(
        with(&mut fixture, "mkfifo never; cat never"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: token command `sh` timed out after 1 s
hint: make sure that the command does not prompt: its stdin is closed
[exit: 20]
"#]]
    );
}
