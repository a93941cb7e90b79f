//! Documents that cannot be registered, and the messages.

use std::fs::File;

use snapbox::str;
use tests::snapshot;

use super::{home_of, register};
use crate::home_with;

const TASK: &str = "\
name: now
image: debian:12-slim
command: [date]
";

#[test]
fn an_unknown_field_of_a_task() {
    snapshot!(
        register(None, &format!("{TASK}retry: 3\n"), &[]),
        str![[r#"
------- stderr -------
error: task.yaml:4: unknown field `retry`
hint: did you mean `retries`?
[exit: 1]
"#]]
    );
}

#[test]
fn an_unknown_field_of_a_message() {
    let message = r#"
"@type": type.googleapis.com/flyteidl.admin.TaskSpec
template:
  id: { resourceType: TASK, name: now }
  container: { imag: "debian:12-slim", args: [date] }
"#;
    snapshot!(
        register(None, message, &[]),
        str![[r#"
------- stderr -------
error: task.yaml:5: unknown field `imag` of `flyteidl.core.Container` at `template.container`
hint: did you mean `image`?
[exit: 1]
"#]]
    );
}

#[test]
fn a_value_of_the_wrong_kind() {
    snapshot!(
        register(None, &format!("{TASK}retries: many\n"), &[]),
        str![[r#"
------- stderr -------
error: task.yaml:4: `retries` must be a whole number, not a string
[exit: 1]
"#]]
    );
}

#[test]
fn a_document_that_is_not_a_flyte_entity() {
    snapshot!(
        register(None, "apiVersion: v1\nkind: Pod\n", &[]),
        str![[r#"
------- stderr -------
error: task.yaml, document 1: expected a task, workflow or launch plan: its keys are `apiVersion`, `kind`
hint: write `template` for a task or workflow, `id` and `spec` for a launch plan, or add `"@type": type.googleapis.com/flyteidl.admin.TaskSpec`
[exit: 1]
"#]]
    );
}

#[test]
fn text_that_is_not_yaml() {
    snapshot!(
        register(None, "name: [now\n", &[]),
        str![[r#"
------- stderr -------
error: task.yaml: unclosed bracket '[' at line 1, column 7
[exit: 1]
"#]]
    );
}

#[test]
fn a_missing_file() {
    snapshot!(
        home_with(&[]).run(["register", "--dry-run", "nowhere.yaml"]),
        str![[r#"
------- stderr -------
error: nowhere.yaml: No such file or directory (os error 2)
[exit: 1]
"#]]
    );
}

#[test]
fn a_file_of_another_kind() {
    let home = home_with(&[]);
    home.write("task.toml", TASK);
    snapshot!(
        home.run(["register", "--dry-run", "task.toml"]),
        str![[r#"
------- stderr -------
error: task.toml: not a document, a package or a `.pb` file
hint: name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`
[exit: 1]
"#]]
    );
}

#[test]
fn a_folder_with_nothing_to_register() {
    let home = home_with(&[]);
    home.write("folder/README.md", "# Nothing here\n");
    snapshot!(
        home.run(["register", "--dry-run", "folder"]),
        str![[r#"
------- stderr -------
error: folder: nothing to register
hint: name a YAML, JSON, `.pb` or `.tgz` file, or a folder with such files
[exit: 1]
"#]]
    );
}

#[test]
fn a_file_that_is_not_a_package() {
    let home = home_with(&[]);
    home.write("package.tgz", "<!DOCTYPE html>\n");
    snapshot!(
        home.run(["register", "--dry-run", "package.tgz"]),
        str![[r#"
------- stderr -------
error: package.tgz: invalid gzip header
hint: build the package again with `pyflyte package`; no other archive can be registered
[exit: 1]
"#]]
    );
}

#[test]
fn a_package_that_is_cut_short() {
    let home = home_with(&[]);
    // The beginning of a gzip stream.
    home.write("package.tgz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    snapshot!(
        home.run(["register", "--dry-run", "package.tgz"]),
        str![[r#"
------- stderr -------
error: package.tgz: incomplete deflate stream
hint: build the package again with `pyflyte package`; no other archive can be registered
[exit: 1]
"#]]
    );
}

#[test]
fn a_file_of_messages_that_holds_something_else() {
    let home = home_with(&[]);
    home.write("0_now_1.pb", "no message");
    snapshot!(
        home.run(["register", "--dry-run", "0_now_1.pb"]),
        str![[r#"
------- stderr -------
error: 0_now_1.pb: not a serialized `flyteidl.admin.TaskSpec`
  caused by: failed to decode Protobuf message: invalid wire type value: 6
hint: build the package again; the file is truncated or has other content
[exit: 1]
"#]]
    );
}

#[test]
fn a_message_file_whose_name_lacks_the_type() {
    let home = home_with(&[]);
    home.write("now.pb", "");
    snapshot!(
        home.run(["register", "--dry-run", "now.pb"]),
        str![[r#"
------- stderr -------
error: now.pb: could not tell the entity type from the file name
hint: name the file as `pyflyte package` does: `<index>_<name>_<n>.pb`, where <n> is 1 for a task, 2 for a workflow and 3 for a launch plan
[exit: 1]
"#]]
    );
}

#[test]
fn files_without_a_folder_for_them() {
    snapshot!(
        register(None, TASK, &["-o", "pb"]),
        str![[r#"
------- stderr -------
error: `-o pb` needs a folder to write to
hint: add `--out-dir DIR`
[exit: 2]
"#]]
    );
}

#[test]
fn a_folder_without_files_for_it() {
    snapshot!(
        register(None, TASK, &["--out-dir", "out"]),
        str![[r#"
------- stderr -------
error: `--out-dir` is for `-o pb` only
[exit: 2]
"#]]
    );
}

#[test]
fn a_folder_that_cannot_be_made() {
    let home = home_of(None, TASK);
    home.write("out", "a file");
    snapshot!(
        home.run(["register", "--dry-run", "task.yaml", "-o", "pb", "--out-dir", "out"]),
        str![[r#"
------- stderr -------
error: cannot write `out`
  caused by: File exists (os error 17)
[exit: 1]
"#]]
    );
}

#[test]
fn no_files() {
    snapshot!(
        home_with(&[]).run(["register", "--dry-run"]),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  <FILES>...

Usage: flyte-host register --dry-run <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn one_bad_file_among_good_ones() {
    let home = home_of(None, TASK);
    home.write("bad.yaml", "name: bad\n");
    snapshot!(
        home.run(["register", "--dry-run", "task.yaml", "bad.yaml"]),
        str![[r#"
------- stderr -------
error: bad.yaml:1: the task lacks `command`
hint: `command: []` runs the image's own entry point
[exit: 1]
"#]]
    );
}

/// The opposite, so that the words above are known to be about the documents.
#[test]
fn a_good_document_is_taken_from_the_standard_input_too() {
    let home = home_of(None, TASK);
    let input = File::open(home.cwd().join("task.yaml")).unwrap();
    snapshot!(
        home.run_command(home.command().args(["register", "--dry-run", "-"]).stdin(input)),
        str![[r#"
KIND  NAME  VERSION  SOURCE
task  now   -        standard input, document 1
[exit: 0]
"#]]
    );
}

#[test]
fn files_are_named_as_pyflyte_names_them() {
    snapshot!(
        register(None, TASK, &["-o", "pb", "--out-dir", "out"]),
        str![[r#"
out/0_now_1.pb
[exit: 0]
"#]]
    );
}
