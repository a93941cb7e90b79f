//! A command that prints a token.

use snapbox::str;
use tests::snapshot;

use super::Scene;

/// Flyte is asked with a token that a script prints.
fn with(scene: &mut Scene, script: &str) -> String {
    let config = format!(
        "admin:\n  endpoint: {}\n  insecure: true\n  authType: ExternalCommand\n  command: [sh, -c, {}]\n",
        scene.flyte.endpoint(),
        serde_json::to_string(script).unwrap()
    );
    let file = scene.home.write("config.yaml", config);
    scene.home.set("FLYTECTL_CONFIG", file);
    scene.ask()
}

#[test]
fn a_command_prints_a_token() {
    let Some(mut scene) = Scene::new() else { return };
    let token = scene.provider.token();
    scene.home.write("token", &token);
    snapshot!(
        with(&mut scene, "cat token"),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        scene.run(&["whoami"]),
        str![[r#"
endpoint    127.0.0.1:[PORT]
name        Person flytepropeller
username    flytepropeller
e-mail      flytepropeller@example.org
subject     flytepropeller
flow        external command
renewed     without you
comes from  command `sh`
[exit: 0]
"#]]
    );
    snapshot!(
        with(&mut scene, "echo 'log in at https://vault.example first' >&2; exit 3"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `sh`, which should print a token, ended with exit status: 3: log in at https://vault.example first
hint: run the command by hand: it may want a sign-in of its own
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut scene, "exit 0"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `sh`, which should print a token, printed nothing
hint: whatever else it has to say belongs on its standard error
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut scene, "echo Your token is:; cat token"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `sh`, which should print a token, printed 2 lines; a token is one
hint: whatever else it has to say belongs on its standard error
[exit: 20]
"#]]
    );
    snapshot!(
        with(&mut scene, "echo not-one-of-yours"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` does not accept the token of this sign-in
  caused by: token parse error Not enough segments
hint: run the command by hand: it may want a sign-in of its own, or print a token for another place
[exit: 20]
"#]]
    );
    // It waits for something that never comes.
    scene.home.set("FLYTE_SIGN_IN_TIMEOUT", "1");
    snapshot!(
        with(&mut scene, "mkfifo never; cat never"),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `sh`, which should print a token, did not end within 1 s
hint: it gets no input: a question that it asks stays unanswered
[exit: 20]
"#]]
    );
}
