//! `--filter`: what people write, against a real Flyte's answers and the embedded sandbox.

use snapbox::str;
use tests::{Recorded, TestEnvironment, Transcript, recorded::Listening, snapshot};

use crate::{
    flyte::{empty, hello},
    home_with,
};

/// A home whose Flyte is a recorded one.
fn home_of(flyte: &Listening) -> TestEnvironment {
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    home
}

#[test]
fn a_real_flyte_takes_enum_values_by_name() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let executions = |filter| {
        home.run(["get", "executions", "-p", "ga-a-exec", "-o", "name", "--all", "--filter", filter])
    };
    let mut transcript = Transcript::new();
    transcript.add(executions("mode=manual"));
    transcript.add(executions("state=EXECUTION_ARCHIVED"));
    transcript.add(executions("state=1"));
    transcript.add(executions("launch_entity=TASK"));
    transcript.add(executions("phase in (aborted;Running)"));
    let plans = |filter| {
        home.run(["get", "launch-plans", "-p", "ga-a-list", "-o", "name", "--all", "--filter", filter])
    };
    transcript.add(plans("state=ACTIVE"));
    transcript.add(plans("schedule_type=cron"));
    transcript.add(home.run(["get", "projects", "-o", "name", "--filter", "id~ga-a-,state=archived"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get executions -p ga-a-exec -o name --all --filter 'mode=manual'
run-a
run-b
run-c
run-d
[exit: 0]
$ flyte-host get executions -p ga-a-exec -o name --all --filter 'state=EXECUTION_ARCHIVED'
run-c
[exit: 0]
$ flyte-host get executions -p ga-a-exec -o name --all --filter 'state=1'
run-c
[exit: 0]
$ flyte-host get executions -p ga-a-exec -o name --all --filter 'launch_entity=TASK'
run-d
[exit: 0]
$ flyte-host get executions -p ga-a-exec -o name --all --filter 'phase in (aborted;Running)'
run-a
run-b
run-c
run-d
run-g
[exit: 0]
$ flyte-host get launch-plans -p ga-a-list -o name --all --filter 'state=ACTIVE'
lw.a:v2
[exit: 0]
$ flyte-host get launch-plans -p ga-a-list -o name --all --filter 'schedule_type=cron'
lw.cron:v1
[exit: 0]
$ flyte-host get projects -o name --filter 'id~ga-a-,state=archived'
ga-a-gone
ga-a-starts-archived
[exit: 0]

"#]]
    );
}

#[test]
fn nothing_is_sent_if_a_value_is_invalid() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let executions = |filter| home.run(["get", "executions", "--filter", filter]);
    let mut transcript = Transcript::new();
    transcript.add(executions("phase=FAILD"));
    transcript.add(executions("phase==FAILED"));
    transcript.add(executions("phase in (FAILED,ABORTED)"));
    transcript.add(executions("mode=AUTO"));
    transcript.add(executions("created_at>yesterday"));
    transcript.add(executions("duration>long"));
    transcript.add(executions("state~ARCH"));
    transcript.add(home.run(["get", "launch-plans", "--filter", "state=ON"]));
    transcript.add(home.run(["get", "projects", "--filter", "state=GONE"]));
    transcript.add(home.run(["get", "task-executions", "a", "n0", "--filter", "retry_attempt=x"]));
    assert_eq!(flyte.arrived(), []);
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get executions --filter 'phase=FAILD'
------- stderr -------
error: unknown phase `FAILD`
hint: did you mean `FAILED`? use one of `QUEUED`, `RUNNING`, `SUCCEEDING`, `SUCCEEDED`, `FAILING`, `FAILED`, `ABORTED`, `TIMED_OUT`, `ABORTING`
[exit: 2]
$ flyte-host get executions --filter 'phase==FAILED'
------- stderr -------
error: unknown operator `==`
hint: write `phase=FAILED`
[exit: 2]
$ flyte-host get executions --filter 'phase in (FAILED,ABORTED)'
------- stderr -------
error: invalid list of values in `phase in (FAILED`
hint: write `KEY in (A;B)`, with `;` between the values
[exit: 2]
$ flyte-host get executions --filter 'mode=AUTO'
------- stderr -------
error: unknown mode `AUTO`
hint: use one of `MANUAL`, `SCHEDULED`, `SYSTEM`, `RELAUNCH`, `CHILD_WORKFLOW`, `RECOVERED`, `TRIGGER`
[exit: 2]
$ flyte-host get executions --filter 'created_at>yesterday'
------- stderr -------
error: invalid time `yesterday` for `created_at`
hint: write a date or an RFC 3339 time, such as `2026-01-31T08:00:00Z`
[exit: 2]
$ flyte-host get executions --filter 'duration>long'
------- stderr -------
error: invalid duration `long` for `duration`
hint: write a duration such as `90s`, `1h30m` or `1.5` (seconds)
[exit: 2]
$ flyte-host get executions --filter 'state~ARCH'
------- stderr -------
error: could not look for a part of `state`: not a text
hint: write `state=VALUE`
[exit: 2]
$ flyte-host get launch-plans --filter 'state=ON'
------- stderr -------
error: unknown state `ON`
hint: use one of `INACTIVE`, `ACTIVE`
[exit: 2]
$ flyte-host get projects --filter 'state=GONE'
------- stderr -------
error: unknown state `GONE`
hint: use one of `ACTIVE`, `ARCHIVED`, `SYSTEM_GENERATED`, `SYSTEM_ARCHIVED`
[exit: 2]
$ flyte-host get task-executions a n0 --filter 'retry_attempt=x'
------- stderr -------
error: invalid number `x` for `retry_attempt`
hint: write a whole number, such as `3`
[exit: 2]

"#]]
    );
}

#[test]
fn the_sandbox_takes_enum_values_by_name() {
    let flyte = hello();
    for (target, name) in [("hello.twice", "one"), ("hello.write", "two")] {
        let input = if name == "one" { "name=World" } else { "text=World" };
        flyte.run(["run", target, "-i", input, "--name", name, "--wait"]).success();
    }
    flyte.run(["execution", "archive", "two"]).success();
    let names = |filter| flyte.run(["get", "executions", "-o", "name", "--filter", filter]);
    let mut transcript = Transcript::new();
    transcript.add(names("phase=succeeded"));
    transcript.add(names("state=archived"));
    transcript.add(names("state=archived,launch_entity=task"));
    transcript.add(names("launch_entity=LAUNCH_PLAN,mode=MANUAL"));
    transcript.add(names("mode!=manual"));
    transcript.add(names("duration<1h,launch_plan.state in (active;inactive)"));
    let nodes = |filter| flyte.run(["get", "nodes", "one", "-o", "name", "--filter", filter]);
    transcript.add(nodes("cache_status=cached"));
    transcript.add(nodes("cache_status=CACHE_POPULATED"));
    transcript.add(flyte.run(["get", "projects", "-o", "name", "--filter", "state=ACTIVE"]));
    transcript.add(flyte.run([
        "get",
        "task-executions",
        "one",
        "first",
        "-o",
        "name",
        "--filter",
        "phase=Succeeded",
    ]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get executions -o name --filter 'phase=succeeded'
one
[exit: 0]
$ flyte-host get executions -o name --filter 'state=archived'
two
[exit: 0]
$ flyte-host get executions -o name --filter 'state=archived,launch_entity=task'
two
[exit: 0]
$ flyte-host get executions -o name --filter 'launch_entity=LAUNCH_PLAN,mode=MANUAL'
one
[exit: 0]
$ flyte-host get executions -o name --filter 'mode!=manual'
[exit: 0]
$ flyte-host get executions -o name --filter 'duration<1h,launch_plan.state in (active;inactive)'
one
[exit: 0]
$ flyte-host get nodes one -o name --filter 'cache_status=cached'
[exit: 0]
$ flyte-host get nodes one -o name --filter 'cache_status=CACHE_POPULATED'
first
second
[exit: 0]
$ flyte-host get projects -o name --filter 'state=ACTIVE'
flytesnacks
[exit: 0]
$ flyte-host get task-executions one first -o name --filter 'phase=Succeeded'
1
[exit: 0]

"#]]
    );
}

#[test]
fn an_empty_list_reports_that_nothing_matches() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "tasks", "--filter", "name=nothing"]));
    transcript.add(flyte.run(["get", "executions", "--filter", "phase=FAILED"]));
    transcript.add(flyte.run(["get", "task", "hello.greet", "--versions", "--filter", "version=v9"]));
    transcript.add(flyte.run(["get", "projects", "--filter", "state=ARCHIVED"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks --filter 'name=nothing'
------- stderr -------
no tasks in project `flytesnacks`, domain `development` match the filter
[exit: 0]
$ flyte-host get executions --filter 'phase=FAILED'
------- stderr -------
no executions in project `flytesnacks`, domain `development` match the filter
[exit: 0]
$ flyte-host get task hello.greet --versions --filter 'version=v9'
------- stderr -------
no versions of task `hello.greet` in project `flytesnacks`, domain `development` match the filter
[exit: 0]
$ flyte-host get projects --filter 'state=ARCHIVED'
------- stderr -------
no projects match the filter
[exit: 0]

"#]]
    );
}

#[test]
fn an_unknown_project_or_domain_is_an_error() {
    let flyte = empty();
    for list in ["tasks", "workflows", "launch-plans", "executions"] {
        let output = flyte.run(["get", list, "-p", "flytesnack", "-o", "json"]);
        assert!(output.contains("project `flytesnack` not found"), "{output}");
        let output = flyte.run(["get", list, "-d", "developmnet"]);
        assert!(output.contains("error: domain `developmnet` not found\n"), "{output}");
    }
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "tasks", "-p", "flytesnack"]));
    transcript.add(flyte.run(["get", "executions", "-p", "else", "--filter", "phase=FAILED"]));
    transcript.add(flyte.run(["get", "launch-plans", "--active-only", "-d", "developmnet"]));
    transcript.add(flyte.run(["get", "task", "t", "-p", "else"]));
    transcript.add(flyte.run(["run", "t", "-d", "else"]));
    transcript.add(flyte.run(["launchplan", "deactivate", "t", "-p", "flytesnack"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks -p flytesnack
------- stderr -------
error: project `flytesnack` not found
hint: did you mean `flytesnacks`?
[exit: 1]
$ flyte-host get executions -p else --filter 'phase=FAILED'
------- stderr -------
error: project `else` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
$ flyte-host get launch-plans --active-only -d developmnet
------- stderr -------
error: domain `developmnet` not found
hint: did you mean `development`?
[exit: 1]
$ flyte-host get task t -p else
------- stderr -------
error: project `else` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
$ flyte-host run t -d else
------- stderr -------
error: domain `else` not found
hint: run `flyte-host get domains` to list the domains
[exit: 1]
$ flyte-host launchplan deactivate t -p flytesnack
------- stderr -------
error: project `flytesnack` not found
hint: did you mean `flytesnacks`?
[exit: 1]

"#]]
    );
}

#[test]
fn a_project_costs_one_call_more_only_if_a_list_is_empty() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    home.run(["get", "tasks", "-p", "ga-a-list"]).success();
    assert_eq!(flyte.count("ListProjects"), 0);
    let output = home.run(["get", "executions", "-p", "ga-a-exec", "--filter", "phase!=ABORTED"]);
    assert!(output.contains("match the filter"), "{output}");
    assert_eq!(flyte.count("ListProjects"), 1);
}

#[test]
fn a_domain_is_shown_by_itself() {
    let flyte = empty();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "domain", "staging"]));
    transcript.add(flyte.run(["get", "domains", "staging", "-o", "json"]));
    transcript.add(flyte.run(["get", "domains", "stagin"]));
    transcript.add(flyte.run(["get", "domains", "else"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get domain staging
DOMAIN   NAME
staging  staging
[exit: 0]
$ flyte-host get domains staging -o json
{
  "id": "staging",
  "name": "staging"
}
[exit: 0]
$ flyte-host get domains stagin
------- stderr -------
error: domain `stagin` not found
hint: did you mean `staging`?
[exit: 1]
$ flyte-host get domains else
------- stderr -------
error: domain `else` not found
hint: run `flyte-host get domains` to list the domains
[exit: 1]

"#]]
    );
}
