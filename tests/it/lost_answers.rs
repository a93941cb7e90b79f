//! Calls that were done, and whose answers were lost: nothing is done twice, nothing that was done is
//! reported as refused, and nothing that another client did as one's own.

use std::sync::{Arc, Mutex};

use snapbox::str;
use tests::{
    join,
    network::{CallProxy, Fate, Loss},
    snapshot,
};

use crate::served::{self, Served};

const LOSSES: [Loss; 2] = [Loss::Reset, Loss::Unavailable];

/// Loses the answer to each call that changes something, when it comes for the first time.
fn lossy(served: &Served, loss: Loss) -> CallProxy {
    CallProxy::start(&served.endpoint, move |method, time| {
        let reads = method.starts_with("Get") || method.starts_with("List");
        if time == 1 && !reads { Fate::AnswerLost(loss) } else { Fate::Carried }
    })
}

/// The names of all executions, oldest first.
fn executions(served: &Served) -> Vec<String> {
    let listed = served.run(["get", "executions", "-o", "name"]);
    let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
    names.reverse();
    names
}

#[test]
fn whatever_is_registered_is_there() {
    for loss in LOSSES {
        let served = served::hello();
        let proxy = lossy(&served, loss);
        snapshot!(
            served.through(
                &proxy.endpoint(),
                &["register", "hello.yaml", "--version", "v2", "--activate-launchplans"]
            ),
            str![[r#"
KIND         NAME         VERSION  RESULT
task         hello.greet  v2       registered
task         hello.fail   v2       registered
task         hello.count  v2       registered
task         hello.write  v2       registered
task         hello.sleep  v2       registered
workflow     hello.twice  v1       registered
launch plan  hello.twice  v1       registered, active
------- stderr -------
7 registered
run it with `flyte-host run hello.twice:v1`
[exit: 0]
"#]]
        );
        assert_eq!((proxy.count("CreateTask"), proxy.count("UpdateLaunchPlan")), (10, 2));
        let tasks = served.run(["get", "tasks", "-o", "name"]);
        assert_eq!(tasks.lines().filter(|line| *line == "hello.greet:v2").count(), 1, "{tasks}");
    }
}

#[test]
fn an_execution_is_started_once() {
    for loss in LOSSES {
        let served = served::hello();
        let proxy = lossy(&served, loss);
        let run = |more: &[&str]| {
            let run = ["run", "hello.greet", "--task", "-i", "name=World", "--wait"];
            served.through(&proxy.endpoint(), [&run[..], more].concat())
        };
        snapshot!(
            run(&["--name", "mine"]),
            str![[r#"
NAME      VALUE
greeting  Hello, World!
------- stderr -------
running task `hello.greet`, version `v1`
started execution `mine`
node hellogreet: SUCCEEDED, stored in the cache, [DURATION]
execution mine: SUCCEEDED, [DURATION]
[exit: 0]
"#]]
        );
        snapshot!(
            run(&[]),
            str![[r#"
NAME      VALUE
greeting  Hello, World!
------- stderr -------
running task `hello.greet`, version `v1`
started execution `[EXECUTION]`
node hellogreet: SUCCEEDED, cached
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]
"#]]
        );
        assert_eq!(executions(&served).len(), 2);
        assert_eq!(proxy.count("CreateExecution"), 2, "what was found was not sent again");
    }
}

#[test]
fn a_request_that_did_not_arrive_is_sent_again() {
    for loss in LOSSES {
        let served = served::hello();
        let proxy = CallProxy::start(&served.endpoint, move |method, time| {
            if method == "CreateExecution" && time < 3 { Fate::RequestLost(loss) } else { Fate::Carried }
        });
        let run = ["run", "hello.greet", "--task", "-i", "name=World", "--name", "mine"];
        snapshot!(
            served.through(&proxy.endpoint(), &run),
            str![[r#"
mine
------- stderr -------
running task `hello.greet`, version `v1`
started execution `mine`
follow it with `flyte-host execution watch mine`
[exit: 0]
"#]]
        );
        assert_eq!((executions(&served).len(), proxy.count("CreateExecution")), (1, 3));
    }
}

/// A server that loses the first CreateExecution, while another client starts an execution of the same name.
fn overtaken(served: &Arc<Served>, by: &'static [&'static str]) -> CallProxy {
    let other = Arc::clone(served);
    let once = Mutex::new(true);
    CallProxy::start(&served.endpoint, move |method, _| {
        if method != "CreateExecution" || !std::mem::take(&mut *once.lock().unwrap()) {
            return Fate::Carried;
        }
        other.run(by).success();
        Fate::RequestLost(Loss::Unavailable)
    })
}

#[test]
fn an_execution_started_by_another_client_is_a_conflict() {
    let others: [&[&str]; 2] = [
        // Another task, and the same one with other inputs.
        &["run", "hello.write", "--task", "-i", "text=x", "--name", "wanted"],
        &["run", "hello.greet", "--task", "-i", "name=Moon", "--name", "wanted"],
    ];
    for other in others {
        let served = Arc::new(served::hello());
        let proxy = overtaken(&served, other);
        let run = ["run", "hello.greet", "--task", "-i", "name=World", "--name", "wanted", "--wait"];
        snapshot!(
            served.through(&proxy.endpoint(), &run),
            str![[r#"
------- stderr -------
running task `hello.greet`, version `v1`
error: execution `wanted` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch wanted`
[exit: 1]
"#]]
        );
        assert_eq!(
            proxy.count("CreateExecution"),
            1,
            "a second one would replace the inputs that Flyte keeps"
        );
    }
}

#[test]
fn a_name_that_is_taken_is_not_sent() {
    let served = served::hello();
    served.run(["run", "hello.write", "--task", "-i", "text=x", "--name", "taken"]).success();
    let proxy = lossy(&served, Loss::Unavailable);
    let commands: [&[&str]; 3] = [
        &["run", "hello.greet", "--task", "-i", "name=World", "--name", "taken"],
        &["execution", "relaunch", "taken", "--name", "taken"],
        &["execution", "recover", "taken", "--name", "taken"],
    ];
    let output = join(commands.map(|command| served.through(&proxy.endpoint(), command)));
    snapshot!(
        output,
        str![[r#"
------- stderr -------
error: execution `taken` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch taken`
[exit: 1]
------- stderr -------
error: execution `taken` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch taken`
[exit: 1]
------- stderr -------
error: execution `taken` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch taken`
[exit: 1]
"#]]
    );
    let changes: Vec<_> = proxy.calls().into_iter().filter(|call| call.ends_with("eExecution")).collect();
    assert_eq!(changes, [""; 0]);
}

#[test]
fn relaunch_and_recover_are_done_once() {
    for loss in LOSSES {
        let served = served::hello();
        let first = served.run(["run", "hello.fail", "--task", "--name", "first", "--wait"]);
        first.failure(1);
        let proxy = lossy(&served, loss);
        let commands: [&[&str]; 4] = [
            &["execution", "relaunch", "first", "--name", "second"],
            &["execution", "recover", "first", "--name", "third"],
            &["execution", "relaunch", "first"],
            &["execution", "recover", "first"],
        ];
        let output = join(commands.map(|command| served.through(&proxy.endpoint(), command)));
        snapshot!(
            output,
            str![[r#"
second
------- stderr -------
started execution `second`
follow it with `flyte-host execution watch second`
[exit: 0]
third
------- stderr -------
started execution `third`
follow it with `flyte-host execution watch third`
[exit: 0]
[EXECUTION]
------- stderr -------
started execution `[EXECUTION]`
follow it with `flyte-host execution watch [EXECUTION]`
[exit: 0]
[EXECUTION]
------- stderr -------
started execution `[EXECUTION]`
follow it with `flyte-host execution watch [EXECUTION]`
[exit: 0]
"#]]
        );
        assert_eq!(executions(&served).len(), 5);
        assert_eq!((proxy.count("RelaunchExecution"), proxy.count("RecoverExecution")), (2, 2));
    }
}

#[test]
fn what_ends_or_changes_is_done() {
    for loss in LOSSES {
        let served = served::hello();
        served.run(["run", "hello.sleep", "--task", "--name", "first"]).success();
        let proxy = lossy(&served, loss);
        let commands: [&[&str]; 8] = [
            &["execution", "terminate", "first", "--cause", "enough"],
            &["execution", "archive", "first"],
            &["execution", "activate", "first"],
            &["launchplan", "activate", "hello.twice"],
            &["launchplan", "deactivate", "hello.twice"],
            &["project", "create", "data", "--name", "Data", "--labels", "team=core"],
            &["project", "update", "data", "--description", "Of the data team"],
            &["project", "archive", "data"],
        ];
        let output = join(commands.map(|command| served.through(&proxy.endpoint(), command)));
        snapshot!(
            output,
            str![[r#"
------- stderr -------
terminating execution `first`
[exit: 0]
------- stderr -------
archived execution `first`
[exit: 0]
------- stderr -------
restored execution `first`
[exit: 0]
NAME         VERSION  STATE   SCHEDULE
hello.twice  v1       ACTIVE  -
[exit: 0]
NAME         VERSION  STATE     SCHEDULE
hello.twice  v1       INACTIVE  -
[exit: 0]
PROJECT  NAME  STATE   DESCRIPTION
data     Data  ACTIVE  -
[exit: 0]
PROJECT  NAME  STATE   DESCRIPTION
data     Data  ACTIVE  Of the data team
[exit: 0]
PROJECT  NAME  STATE     DESCRIPTION
data     Data  ARCHIVED  Of the data team
[exit: 0]
"#]]
        );
        assert_eq!(proxy.count("RegisterProject"), 1);
    }
}

#[test]
fn a_project_that_was_there_is_not_made() {
    let served = served::hello();
    let create = ["project", "create", "data", "--name", "Data"];
    served.run(&create).success();
    let proxy = lossy(&served, Loss::Unavailable);
    snapshot!(
        served.through(&proxy.endpoint(), &create),
        str![[r#"
------- stderr -------
error: project `data` already exists
hint: run `flyte-host project update data` to update it
[exit: 1]
"#]]
    );
}

#[test]
fn a_call_with_an_unknown_outcome_may_have_been_done() {
    let served = served::hello();
    served.run(["run", "hello.greet", "--task", "-i", "name=World", "--name", "first", "--wait"]).success();
    served.home.write("solo.yaml", "name: solo\nimage: sh\ncommand: ['true']\ncache: false\n");
    // From the first change on nothing is answered any more.
    let commands: [&[&str]; 5] = [
        &["run", "hello.greet", "--task", "-i", "name=World", "--name", "second"],
        &["execution", "relaunch", "first", "--name", "third"],
        &["execution", "archive", "first"],
        &["project", "create", "data"],
        &["register", "solo.yaml", "--version", "v2"],
    ];
    let output = commands.map(|command| {
        let is_gone = Mutex::new(false);
        let proxy = CallProxy::start(&served.endpoint, move |method, _| {
            let mut is_gone = is_gone.lock().unwrap();
            *is_gone |=
                ["Create", "Register", "Relaunch", "Update"].iter().any(|verb| method.starts_with(verb));
            if *is_gone { Fate::AnswerLost(Loss::Unavailable) } else { Fate::Carried }
        });
        // How long the pauses are is up to chance.
        let output = served.through(&proxy.endpoint(), command);
        output
            .map(|text| text.split_inclusive('\n').filter(|line| !line.starts_with("waiting for ")).collect())
    });
    snapshot!(
        join(output),
        str![[r#"
------- stderr -------
running task `hello.greet`, version `v1`
error: could not tell whether `CreateExecution` was done: no answer
  caused by: upstream is gone
hint: run `flyte-host execution show second` to see whether it was started
[exit: 24]
------- stderr -------
error: could not tell whether `RelaunchExecution` was done: no answer
  caused by: upstream is gone
hint: run `flyte-host execution show third` to see whether it was started
[exit: 24]
------- stderr -------
error: could not tell whether `UpdateExecution` was done: no answer in 5 tries within [TIME]
  caused by: upstream is gone
hint: run the command again; entities that exist stay unchanged
[exit: 24]
------- stderr -------
error: could not tell whether `RegisterProject` was done: no answer
  caused by: upstream is gone
hint: run `flyte-host get projects` to see whether it is there
[exit: 24]
KIND  NAME  VERSION  RESULT
task  solo  v2       failed
------- stderr -------
1 failed
error: could not register task `solo`
  caused by: could not tell whether `CreateTask` was done: no answer in 5 tries within [TIME]
  caused by: upstream is gone
hint: run the command again; entities that exist stay unchanged
[exit: 24]
"#]]
    );
}
