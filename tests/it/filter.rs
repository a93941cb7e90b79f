//! `--filter`: what people write, against a real Flyte's answers and the embedded sandbox.

use snapbox::str;
use tests::{Recorded, TestEnvironment, recorded::Listening, snapshot};

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
        home.run(&["get", "executions", "-p", "ga-a-exec", "-o", "name", "--all", "--filter", filter])
    };
    snapshot!(
        executions("mode=manual"),
        str![[r#"
run-a
run-b
run-c
run-d
[exit: 0]
"#]]
    );
    snapshot!(
        executions("state=EXECUTION_ARCHIVED"),
        str![[r#"
run-c
[exit: 0]
"#]]
    );
    snapshot!(
        executions("state=1"),
        str![[r#"
run-c
[exit: 0]
"#]]
    );
    snapshot!(
        executions("launch_entity=TASK"),
        str![[r#"
run-d
[exit: 0]
"#]]
    );
    snapshot!(
        executions("phase in (aborted;Running)"),
        str![[r#"
run-a
run-b
run-c
run-d
run-g
[exit: 0]
"#]]
    );
    let plans = |filter| {
        home.run(&["get", "launch-plans", "-p", "ga-a-list", "-o", "name", "--all", "--filter", filter])
    };
    snapshot!(
        plans("state=ACTIVE"),
        str![[r#"
lw.a:v2
[exit: 0]
"#]]
    );
    snapshot!(
        plans("schedule_type=cron"),
        str![[r#"
lw.cron:v1
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["get", "projects", "-o", "name", "--filter", "id~ga-a-,state=archived"]),
        str![[r#"
ga-a-gone
ga-a-starts-archived
[exit: 0]
"#]]
    );
}

#[test]
fn nothing_is_sent_if_a_value_is_none() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let executions = |filter| home.run(&["get", "executions", "--filter", filter]);
    snapshot!(
        executions("phase=FAILD"),
        str![[r#"
------- stderr -------
error: unknown phase `FAILD`
hint: did you mean `FAILED`? use one of `QUEUED`, `RUNNING`, `SUCCEEDING`, `SUCCEEDED`, `FAILING`, `FAILED`, `ABORTED`, `TIMED_OUT`, `ABORTING`
[exit: 2]
"#]]
    );
    snapshot!(
        executions("phase==FAILED"),
        str![[r#"
------- stderr -------
error: unknown operator `==`
hint: write `phase=FAILED`
[exit: 2]
"#]]
    );
    snapshot!(
        executions("phase in (FAILED,ABORTED)"),
        str![[r#"
------- stderr -------
error: invalid list of values in `phase in (FAILED`
hint: write `KEY in (A;B)`, with `;` between the values
[exit: 2]
"#]]
    );
    snapshot!(
        executions("mode=AUTO"),
        str![[r#"
------- stderr -------
error: unknown mode `AUTO`
hint: use one of `MANUAL`, `SCHEDULED`, `SYSTEM`, `RELAUNCH`, `CHILD_WORKFLOW`, `RECOVERED`, `TRIGGER`
[exit: 2]
"#]]
    );
    snapshot!(
        executions("created_at>yesterday"),
        str![[r#"
------- stderr -------
error: invalid time `yesterday` for `created_at`
hint: write a date or an RFC 3339 time, such as `2026-01-31T08:00:00Z`
[exit: 2]
"#]]
    );
    snapshot!(
        executions("duration>long"),
        str![[r#"
------- stderr -------
error: invalid duration `long` for `duration`
hint: write a duration such as `90s`, `1h30m` or `1.5` (seconds)
[exit: 2]
"#]]
    );
    snapshot!(
        executions("state~ARCH"),
        str![[r#"
------- stderr -------
error: could not look for a part of `state`: not a text
hint: write `state=VALUE`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(&["get", "launch-plans", "--filter", "state=ON"]),
        str![[r#"
------- stderr -------
error: unknown state `ON`
hint: use one of `INACTIVE`, `ACTIVE`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(&["get", "projects", "--filter", "state=GONE"]),
        str![[r#"
------- stderr -------
error: unknown state `GONE`
hint: use one of `ACTIVE`, `ARCHIVED`, `SYSTEM_GENERATED`, `SYSTEM_ARCHIVED`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(&["get", "task-executions", "a", "n0", "--filter", "retry_attempt=x"]),
        str![[r#"
------- stderr -------
error: invalid number `x` for `retry_attempt`
hint: write a whole number, such as `3`
[exit: 2]
"#]]
    );
    assert_eq!(flyte.arrived(), []);
}

#[test]
fn the_sandbox_takes_enum_values_by_name() {
    let flyte = hello();
    for (target, name) in [("hello.twice", "one"), ("hello.write", "two")] {
        let input = if name == "one" { "name=World" } else { "text=World" };
        let told = flyte.run(&["run", target, "-i", input, "--name", name, "--wait"]);
        assert!(told.ends_with("[exit: 0]"), "{told}");
    }
    flyte.run(&["execution", "archive", "two"]);
    let names = |filter| flyte.run(&["get", "executions", "-o", "name", "--filter", filter]);
    snapshot!(
        names("phase=succeeded"),
        str![[r#"
one
[exit: 0]
"#]]
    );
    snapshot!(
        names("state=archived"),
        str![[r#"
two
[exit: 0]
"#]]
    );
    snapshot!(
        names("state=archived,launch_entity=task"),
        str![[r#"
two
[exit: 0]
"#]]
    );
    snapshot!(
        names("launch_entity=LAUNCH_PLAN,mode=MANUAL"),
        str![[r#"
one
[exit: 0]
"#]]
    );
    snapshot!(names("mode!=manual"), str!["[exit: 0]"]);
    snapshot!(
        names("duration<1h,launch_plan.state in (active;inactive)"),
        str![[r#"
one
[exit: 0]
"#]]
    );
    let nodes = |filter| flyte.run(&["get", "nodes", "one", "-o", "name", "--filter", filter]);
    snapshot!(nodes("cache_status=cached"), str!["[exit: 0]"]);
    snapshot!(
        nodes("cache_status=CACHE_POPULATED"),
        str![[r#"
first
second
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "projects", "-o", "name", "--filter", "state=ACTIVE"]),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task-executions", "one", "first", "-o", "name", "--filter", "phase=Succeeded"]),
        str![[r#"
1
[exit: 0]
"#]]
    );
}

#[test]
fn an_empty_list_says_that_nothing_matches() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["get", "tasks", "--filter", "name=nothing"]),
        str![[r#"
------- stderr -------
no tasks in project `flytesnacks`, domain `development` match the filter
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions", "--filter", "phase=FAILED"]),
        str![[r#"
------- stderr -------
no executions in project `flytesnacks`, domain `development` match the filter
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "hello.greet", "--versions", "--filter", "version=v9"]),
        str![[r#"
------- stderr -------
no versions of task `hello.greet` in project `flytesnacks`, domain `development` match the filter
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "projects", "--filter", "state=ARCHIVED"]),
        str![[r#"
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
        let told = flyte.run(&["get", list, "-p", "flytesnack", "-o", "json"]);
        assert!(told.contains("project `flytesnack` not found"), "{told}");
        let told = flyte.run(&["get", list, "-d", "developmnet"]);
        assert!(told.contains("error: domain `developmnet` not found\n"), "{told}");
    }
    snapshot!(
        flyte.run(&["get", "tasks", "-p", "flytesnack"]),
        str![[r#"
------- stderr -------
error: project `flytesnack` not found
hint: did you mean `flytesnacks`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions", "-p", "else", "--filter", "phase=FAILED"]),
        str![[r#"
------- stderr -------
error: project `else` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "launch-plans", "--active-only", "-d", "developmnet"]),
        str![[r#"
------- stderr -------
error: domain `developmnet` not found
hint: did you mean `development`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "t", "-p", "else"]),
        str![[r#"
------- stderr -------
error: project `else` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "t", "-d", "else"]),
        str![[r#"
------- stderr -------
error: domain `else` not found
hint: run `flyte-host get domains` to list the domains
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["launchplan", "deactivate", "t", "-p", "flytesnack"]),
        str![[r#"
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
    assert!(home.run(&["get", "tasks", "-p", "ga-a-list"]).ends_with("[exit: 0]"));
    assert_eq!(flyte.count("ListProjects"), 0);
    let told = home.run(&["get", "executions", "-p", "ga-a-exec", "--filter", "phase!=ABORTED"]);
    assert!(told.contains("match the filter"), "{told}");
    assert_eq!(flyte.count("ListProjects"), 1);
}

#[test]
fn a_domain_is_shown_by_itself() {
    let flyte = empty();
    snapshot!(
        flyte.run(&["get", "domain", "staging"]),
        str![[r#"
DOMAIN   NAME
staging  staging
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "domains", "staging", "-o", "json"]),
        str![[r#"
{
  "id": "staging",
  "name": "staging"
}
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "domains", "stagin"]),
        str![[r#"
------- stderr -------
error: domain `stagin` not found
hint: did you mean `staging`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "domains", "else"]),
        str![[r#"
------- stderr -------
error: domain `else` not found
hint: run `flyte-host get domains` to list the domains
[exit: 1]
"#]]
    );
}
