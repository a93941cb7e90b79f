//! `project`, on the embedded sandbox.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::sandbox_home;

#[test]
fn projects_are_made_and_changed() {
    let home = sandbox_home(&[]);
    let mut transcript = Transcript::new();
    transcript.add(home.run([
        "project",
        "create",
        "data",
        "--name",
        "Data platform",
        "--labels",
        "team=data,tier=1",
    ]));
    transcript.add(home.run(["project", "create", "--id", "plain", "-o", "json"]));
    transcript.add(home.run([
        "project",
        "update",
        "data",
        "--description",
        "Of the data team",
        "-o",
        "yaml",
    ]));
    transcript.add(home.run(["project", "archive", "data", "-o", "name"]));
    transcript.add(home.run(["project", "activate", "data"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host project create data --name 'Data platform' --labels 'team=data,tier=1'
PROJECT  NAME           STATE   DESCRIPTION
data     Data platform  ACTIVE  -
[exit: 0]
$ flyte-host project create --id plain -o json
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
$ flyte-host project update data --description 'Of the data team' -o yaml
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
$ flyte-host project archive data -o name
data
[exit: 0]
$ flyte-host project activate data
PROJECT  NAME           STATE   DESCRIPTION
data     Data platform  ACTIVE  Of the data team
[exit: 0]

"#]]
    );
}

#[test]
fn an_update_leaves_an_archived_project_archived() {
    let home = sandbox_home(&[]);
    home.run(["project", "create", "old"]).success();
    home.run(["project", "archive", "old"]).success();
    snapshot!(
        home.run(["project", "update", "old", "--name", "Kept for the record"]),
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
    home.run(["project", "create", "old"]).success();
    home.run(["project", "archive", "old"]).success();
    snapshot!(
        home.run(["register", "task.yaml", "--version", "1", "-p", "old"]),
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
    let mut transcript = Transcript::new();
    transcript.add(home.run(["project", "create", "flytesnacks"]));
    transcript.add(home.run(["project", "create", "Not a label"]));
    transcript.add(home.run(["project", "create", "data", "--labels", "team"]));
    transcript.add(home.run(["project", "update", "missing", "--name", "x"]));
    transcript.add(home.run(["project", "update", "flytesnacks"]));
    transcript.add(home.run(["project", "archive", "missing"]));
    transcript.add(home.run(["project", "archive"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host project create flytesnacks
------- stderr -------
error: project `flytesnacks` already exists
hint: run `flyte-host project update flytesnacks` to update it
[exit: 1]
$ flyte-host project create 'Not a label'
------- stderr -------
error: Flyte refused `RegisterProject` (INVALID_ARGUMENT)
  caused by: invalid project id [Not a label]: [a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]
[exit: 22]
$ flyte-host project create data --labels team
------- stderr -------
error: invalid value 'team' for '--labels <KEY=VALUE>': expected NAME=VALUE

For more information, try '--help'.
[exit: 2]
$ flyte-host project update missing --name x
------- stderr -------
error: project `missing` not found
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create missing` to create it
[exit: 1]
$ flyte-host project update flytesnacks
------- stderr -------
error: nothing to update
hint: add `--name`, `--description` or `--labels`
[exit: 2]
$ flyte-host project archive missing
------- stderr -------
error: project `missing` not found
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create missing` to create it
[exit: 1]
$ flyte-host project archive
------- stderr -------
error: the following required arguments were not provided:
  <ID>

Usage: flyte-host project archive <ID>

For more information, try '--help'.
[exit: 2]

"#]]
    );
}
