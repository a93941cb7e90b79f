//! `launchplan`, on the embedded sandbox.

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::{register_send::HELLO, sandbox_home};

/// A home where the launch plan `shout` has the versions 1 and 2.
fn two_versions() -> TestEnvironment {
    let home = sandbox_home(&[]);
    home.write("hello.yaml", HELLO);
    for version in ["1", "2"] {
        home.run(["register", "hello.yaml", "--version", version]).success();
    }
    home
}

#[test]
fn one_version_is_the_active_one() {
    let home = two_versions();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["launchplan", "activate", "shout", "1"]));
    transcript.add(home.run(["launchplan", "activate", "shout"]));
    transcript.add(home.run(["launchplan", "deactivate", "shout", "-o", "name"]));
    transcript.add(home.run(["launchplan", "deactivate", "shout"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host launchplan activate shout 1
NAME   VERSION  STATE   SCHEDULE
shout  1        ACTIVE  -
[exit: 0]
$ flyte-host launchplan activate shout
NAME   VERSION  STATE   SCHEDULE
shout  2        ACTIVE  -
[exit: 0]
$ flyte-host launchplan deactivate shout -o name
shout
[exit: 0]
$ flyte-host launchplan deactivate shout
------- stderr -------
error: no version of launch plan `shout` is active
[exit: 1]

"#]]
    );
}

#[test]
fn all_of_it_is_shown_to_programs() {
    let home = two_versions();
    let plan = home.run(["launchplan", "activate", "shout", "-o", "json"]).json();
    assert_eq!(plan["id"]["version"], "2");
    assert_eq!(plan["closure"]["state"], "ACTIVE");
}

#[test]
fn unknown_launch_plans_and_versions_are_errors() {
    let home = two_versions();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["launchplan", "activate", "shouting"]));
    transcript.add(home.run(["launchplan", "activate", "shout", "3"]));
    transcript.add(home.run(["launchplan", "deactivate", "shout", "-d", "staging"]));
    transcript.add(home.run(["launchplan", "activate"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host launchplan activate shouting
------- stderr -------
error: launch plan `shouting` not found in project `flytesnacks`, domain `development`
hint: did you mean `shout`?
[exit: 1]
$ flyte-host launchplan activate shout 3
------- stderr -------
error: launch plan `shout`, version `3`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get launch-plans shout --versions` to list its versions
[exit: 1]
$ flyte-host launchplan deactivate shout -d staging
------- stderr -------
error: launch plan `shout` not found in project `flytesnacks`, domain `staging`
hint: run `flyte-host get launch-plans -d staging` to list the launch plans
[exit: 1]
$ flyte-host launchplan activate
------- stderr -------
error: the following required arguments were not provided:
  <NAME>

Usage: flyte-host launchplan activate <NAME> [VERSION]

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

/// A real Flyte takes such schedules, and so does the sandbox.
#[test]
fn a_schedule_that_never_fires_is_a_warning() {
    let home = two_versions();
    home.write(
        "never.yaml",
        "id: {resourceType: LAUNCH_PLAN, name: never}\nspec:\n  workflowId: {resourceType: WORKFLOW, name: shout}\n  \
         fixedInputs: {literals: {text: {scalar: {primitive: {stringValue: x}}}}}\n  \
         entityMetadata: {schedule: {cronSchedule: {schedule: \"0 0 31 4 *\"}}}\n",
    );
    home.write(
        "short.yaml",
        "launch_plan: short\nworkflow: shout\ninputs: {text: x}\nschedule: 0 0 30 2 *\n",
    );
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "never.yaml", "--version", "2"]));
    transcript.add(home.run(["launchplan", "activate", "never"]));
    transcript.add(home.run(["launchplan", "deactivate", "never"]));
    transcript.add(home.run(["register", "--dry-run", "hello.yaml", "short.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml never.yaml --version 2
KIND         NAME   VERSION  RESULT
task         say    2        unchanged
workflow     shout  2        unchanged
launch plan  shout  2        unchanged
launch plan  never  2        registered
------- stderr -------
warning: the schedule of launch plan `never` never fires: no month that `0 0 31 4 *` names has such a day
1 registered, 3 unchanged
run `shout` with `flyte-host run shout:2`
run `never` with `flyte-host run never:2`
[exit: 0]
$ flyte-host launchplan activate never
NAME   VERSION  STATE   SCHEDULE
never  2        ACTIVE  0 0 31 4 *
------- stderr -------
warning: the schedule of launch plan `never` never fires: no month that `0 0 31 4 *` names has such a day
[exit: 0]
$ flyte-host launchplan deactivate never
NAME   VERSION  STATE     SCHEDULE
never  2        INACTIVE  0 0 31 4 *
[exit: 0]
$ flyte-host register --dry-run hello.yaml short.yaml
------- stderr -------
error: short.yaml:4: `schedule` is `0 0 30 2 *`, which never fires: none of its months has such a day
hint: name a day that one of its months has
[exit: 1]

"#]]
    );
}

/// Schedules start executions only while there is a server.
#[test]
fn a_schedule_waits_for_the_sandbox_to_be_served() {
    let home = two_versions();
    home.write(
        "nightly.yaml",
        "launch_plan: nightly\nworkflow: shout\ninputs: {text: x}\nschedule: '@daily'\n",
    );
    let mut transcript = Transcript::new();
    transcript.add(home.run([
        "register",
        "hello.yaml",
        "nightly.yaml",
        "--version",
        "2",
        "--activate-launchplans",
    ]));
    transcript.add(home.run(["launchplan", "activate", "nightly"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml nightly.yaml --version 2 --activate-launchplans
KIND         NAME     VERSION  RESULT
task         say      2        unchanged
workflow     shout    2        unchanged
launch plan  shout    2        unchanged, active
launch plan  nightly  2        registered, active
------- stderr -------
schedules start executions while the sandbox is served; run `flyte-host sandbox start`
1 registered, 3 unchanged
run `shout` with `flyte-host run shout:2`
run `nightly` with `flyte-host run nightly:2`
[exit: 0]
$ flyte-host launchplan activate nightly
NAME     VERSION  STATE   SCHEDULE
nightly  2        ACTIVE  @daily
------- stderr -------
the schedule of launch plan `nightly` starts executions while the sandbox is served; run `flyte-host sandbox start`
[exit: 0]

"#]]
    );
}
