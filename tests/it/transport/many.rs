//! Several transports in a row, and many calls at once.

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::{allow_sandbox, home_with};

/// A home with two plugins that have a transport.
fn home_of(chain: &str, mode: &str) -> TestEnvironment {
    let mut home = home_with(&["transport", "growth"]);
    allow_sandbox(&home);
    home.set("FLYTE_PLUGIN", chain).set("TRANSPORT", mode);
    home
}

#[test]
fn the_first_of_the_chain_is_the_outermost() {
    // The last plugin receives what the first one sent.
    let home = home_of("growth:transport", "memory");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["version", "-v"]));
    // One that supplies a transport hides those behind it.
    let home = home_of("transport:growth", "memory");
    transcript.add(home.run(["version", "-v"]));
    let home = home_of("transport:growth", "count");
    let config = home.run(["config", "show"]);
    snapshot!(
        config.lines().find(|line| line.starts_with("transport")).unwrap(),
        str!["transport             wrapped                plugin `transport`, then plugin `growth`"]
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version -v
PART    NAME                VERSION
client  flyte-host          [VERSION]
plugin  growth              0.6.0
plugin  transport           0.7.0
server  plugin `transport`  in-memory
------- stderr -------
info: [transport] x-growth: 1.0
[exit: 0]
$ flyte-host version -v
PART    NAME                VERSION
client  flyte-host          [VERSION]
plugin  transport           0.7.0
plugin  growth              0.6.0
server  plugin `transport`  in-memory
[exit: 0]

"#]]
    );
}

#[test]
fn the_one_that_failed_is_named() {
    let output = home_of("growth:transport", "error").run(["get", "tasks"]);
    assert_eq!(output, home_of("transport:growth", "error").run(["get", "tasks"]));
    snapshot!(
        output,
        str![[r#"
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
"#]]
    );
}

#[test]
fn concurrent_calls_do_not_wait_for_each_other() {
    for (chain, mode) in [("transport", "count"), ("transport", "memory"), ("growth:transport", "count")] {
        snapshot!(
            home_of(chain, mode).run(["many"]),
            str![[r#"
40 of 40 callers were answered 5 times
[exit: 0]
"#]]
        );
    }
}

#[test]
fn one_that_never_answers_is_cut_off() {
    let mut home = home_with(&["transport"]);
    allow_sandbox(&home);
    // An address without a listener, which the calls do not reach.
    home.set("FLYTE_PLUGIN", "transport").set("TRANSPORT", "slow");
    home.set("FLYTE_PLATFORM_URL", "localhost:1").set("FLYTE_HOST_TIMEOUT", "0.1");
    snapshot!(
        home.run(["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: Flyte did not answer `GetVersion`
  caused by: no answer within 0.1 s through the transport of plugin `transport`
hint: use `--no-plugins` to run without it
[exit: 21]
"#]]
    );
}
