//! Nothing of an input is dropped in silence.

use std::{error::Error as _, fs};

use flyte_client::register::{self, Identity, ReadError};
use snapbox::{assert_data_eq, str};

/// Reads a file of this name and content, which must fail; returns the error as the CLI prints it.
fn refuse(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, content).unwrap();
    let error = register::read(&[file], &Identity::default()).expect_err("it should be refused");
    rendered(&error).replace(&format!("{}/", folder.path().display()), "")
}

fn rendered(error: &ReadError) -> String {
    let mut text = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("  caused by: {error}\n");
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        text += &format!("hint: {hint}\n");
    }
    text
}

/// A length-delimited field.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::bytes::encode(number, &content.to_vec(), &mut bytes);
    bytes
}

#[test]
fn a_field_of_a_newer_flyte_is_reported_with_the_way_to_it() {
    let variable = [field(1, &[]), field(99, b"new")].concat();
    let variables = field(1, &[field(1, b"in"), field(2, &variable)].concat());
    let interface = field(1, &variables);
    let template = [field(1, &field(4, b"task")), field(4, &interface)].concat();

    assert_data_eq!(
        refuse("0_task_1.pb", field(1, &template)),
        str![[r#"
error: 0_task_1.pb: unknown field number 99 of `flyteidl.core.Variable` at `template.interface.inputs.variables["in"]`
hint: upgrade flyte-host: a newer Flyte wrote the file, and it would be registered incomplete

"#]]
    );
}

#[test]
fn a_misspelt_field_is_reported_with_its_line() {
    let text = "---\n---\ntemplate:\n  id: {name: a}\n  type: raw-container\n  container:\n    imag: x\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: a.yaml:7: unknown field `imag` of `flyteidl.core.Container` at `template.container`
hint: did you mean `image`?

"#]]
    );
}

#[test]
fn a_value_of_another_type_is_reported_where_it_is() {
    let text = "template:\n  id:\n    name: a\n    version: 1.10\n  type: x\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: a.yaml:4: invalid type: floating point `1.1`, expected a string at `template.id.version`
hint: put the value in quotes

"#]]
    );
    let text = r#"{"template": {"id": {"name": "a"}, "nodes": [{"id": "n0"}, {"id": "n1", "metadata": {"timeout": "5 min"}}]}}"#;
    assert_data_eq!(
        refuse("a.json", text),
        str![[r#"
error: a.json:1: failed to parse duration at `template.nodes[1].metadata.timeout`
hint: write a duration in seconds, such as `300s` or `0.5s`

"#]]
    );
}

#[test]
fn a_field_given_twice_is_refused_however_it_is_spelt() {
    let text = "template:\n  id: {name: a}\n  type: x\n  task_type_version: 1\n  taskTypeVersion: 2\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: a.yaml:2: duplicate field `task_type_version` in both spellings at `template`
hint: keep one of the two spellings

"#]]
    );
    assert_data_eq!(
        refuse("a.json", r#"{"template": {"type": "x", "type": "y"}}"#),
        str![[r#"
error: a.json: key `type` is duplicated at line 1 column 39

"#]]
    );
    assert_data_eq!(
        refuse("a.yaml", "template:\n  type: x\n  type: y\n"),
        str![[r#"
error: a.yaml: key `type` is duplicated at line 3, column 3

"#]]
    );
    let text = "template:\n  id: {name: a}\n  container: {}\n  sql: {}\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: a.yaml:2: multiple fields provided for oneof 'target' at `template`

"#]]
    );
}

#[test]
fn a_document_of_no_known_kind_is_refused() {
    for (text, cause) in [
        ("version: 3\nservices: {}\n", "its keys are `version`, `services`"),
        (
            "template: {id: {name: a}}\n",
            "its `template` has neither `type` (a task) nor `nodes` (a workflow)",
        ),
        ("template: {type: x, nodes: []}\n", "its `template` has keys of a task and of a workflow"),
        ("id: {name: a}\nspec: {}\n", "its `spec` should have one of `template` and `workflowId`"),
        ("closure: {}\n", "its `closure` should have one of `compiledTask` and `compiledWorkflow`"),
        ("just text\n", "the document is not a map"),
        ("\"@type\": acme.Thing\n", "`@type` is \"acme.Thing\", which cannot be registered"),
        ("tasks: []\nworkflows: []\n", "a list has no `workflows`"),
    ] {
        let report = refuse("a.yaml", text);
        let expected = format!(
            "error: a.yaml, document 1: expected a task, workflow or launch plan: {cause}\n\
             hint: write `template` for a task or workflow, `id` and `spec` for a launch plan, or add `\"@type\": \
             type.googleapis.com/flyteidl.admin.TaskSpec`\n"
        );
        assert_eq!(report, expected);
    }
}

#[test]
fn an_entity_without_a_name_is_refused() {
    assert_data_eq!(
        refuse("a.yaml", "template: {type: x}\n"),
        str![[r#"
error: a.yaml, document 1: missing name: `template.id.name`

"#]]
    );
    assert_data_eq!(
        refuse("0_a_3.pb", []),
        str![[r#"
error: 0_a_3.pb: missing name: `id.name`

"#]]
    );
}

#[test]
fn names_and_endings_that_tell_nothing_are_refused() {
    assert_data_eq!(
        refuse("task.pb", []),
        str![[r#"
error: task.pb: could not tell the entity type from the file name
hint: name the file as `pyflyte package` does: `<index>_<name>_<n>.pb`, where <n> is 1 for a task, 2 for a workflow and 3 for a launch plan

"#]]
    );
    assert_data_eq!(
        refuse("workflows.py", []),
        str![[r#"
error: workflows.py: not a document, a package or a `.pb` file
hint: name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`

"#]]
    );
    assert_data_eq!(
        refuse("0_task_1.pb", b"<html>"),
        str![[r#"
error: 0_task_1.pb: not a serialized `flyteidl.admin.TaskSpec`
  caused by: failed to decode Protobuf message: [..]
hint: build the package again; the file is truncated or has other content

"#]]
    );
    assert_data_eq!(
        refuse("a.yaml", "# nothing\n---\n"),
        str![[r#"
error: a.yaml: nothing to register
hint: name a YAML, JSON, `.pb` or `.tgz` file, or a folder with such files

"#]]
    );
}
