//! `project`, on the embedded sandbox.

use snapbox::str;
use tests::snapshot;

use crate::sandbox_home;

#[test]
fn projects_are_made_and_changed() {
    let home = sandbox_home(&[]);
    snapshot!(
        home.run(&["project", "create", "data", "--name", "Data platform", "--labels", "team=data,tier=1"]),
        str![[r#"
PROJECT  NAME           STATE   DESCRIPTION
data     Data platform  ACTIVE  -
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["project", "create", "--id", "plain", "-o", "json"]),
        str![[r#"
{
  "domains": [
    {
      "id": "development",
      "name": "development"
    },
    {
      "id": "staging",
      "name": "staging"
    },
    {
      "id": "production",
      "name": "production"
    }
  ],
  "id": "plain",
  "name": "plain"
}
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["project", "update", "data", "--description", "Of the data team", "-o", "yaml"]),
        str![[r#"
description: Of the data team
domains:
- id: development
  name: development
- id: staging
  name: staging
- id: production
  name: production
id: data
labels:
  values:
    team: data
    tier: "1"
name: Data platform
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["project", "archive", "data", "-o", "name"]),
        str![[r#"
data
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["project", "activate", "data"]),
        str![[r#"
PROJECT  NAME           STATE   DESCRIPTION
data     Data platform  ACTIVE  Of the data team
[exit: 0]
"#]]
    );
}

#[test]
fn an_update_leaves_an_archived_project_archived() {
    let home = sandbox_home(&[]);
    assert!(home.run(&["project", "create", "old"]).ends_with("[exit: 0]"));
    assert!(home.run(&["project", "archive", "old"]).ends_with("[exit: 0]"));
    snapshot!(
        home.run(&["project", "update", "old", "--name", "Kept for the record"]),
        str![[r#"
PROJECT  NAME                 STATE     DESCRIPTION
old      Kept for the record  ARCHIVED  -
[exit: 0]
"#]]
    );
}

#[test]
fn an_archived_project_takes_nothing_new() {
    let home = sandbox_home(&[]);
    home.write("task.yaml", "name: hello\nimage: alpine\ncommand: [echo]\n");
    assert!(home.run(&["project", "create", "old"]).ends_with("[exit: 0]"));
    assert!(home.run(&["project", "archive", "old"]).ends_with("[exit: 0]"));
    snapshot!(
        home.run(&["register", "task.yaml", "--version", "1", "-p", "old"]),
        str![[r#"
KIND  NAME   VERSION  RESULT
task  hello  1        failed
------- stderr -------
1 failed
error: could not register task `hello`
  caused by: Flyte refused `CreateTask` (INVALID_ARGUMENT)
  caused by: project [old] is not active
hint: run `flyte-host project activate old` to activate it
[exit: 22]
"#]]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let home = sandbox_home(&[]);
    snapshot!(
        home.run(&["project", "create", "flytesnacks"]),
        str![[r#"
------- stderr -------
error: project `flytesnacks` already exists
hint: run `flyte-host project update flytesnacks` to update it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["project", "create", "Not a label"]),
        str![[r#"
------- stderr -------
error: Flyte refused `RegisterProject` (INVALID_ARGUMENT)
  caused by: invalid project id [Not a label]: [a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]
[exit: 22]
"#]]
    );
    snapshot!(
        home.run(&["project", "create", "data", "--labels", "team"]),
        str![[r#"
------- stderr -------
error: invalid value 'team' for '--labels <KEY=VALUE>': expected NAME=VALUE

For more information, try '--help'.
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(&["project", "update", "nobody", "--name", "x"]),
        str![[r#"
------- stderr -------
error: project `nobody` not found
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create nobody` to create it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["project", "update", "flytesnacks"]),
        str![[r#"
------- stderr -------
error: nothing to update
hint: add `--name`, `--description` or `--labels`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(&["project", "archive", "nobody"]),
        str![[r#"
------- stderr -------
error: project `nobody` not found
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create nobody` to create it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["project", "archive"]),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  <ID>

Usage: flyte-host project archive <ID>

For more information, try '--help'.
[exit: 2]
"#]]
    );
}
