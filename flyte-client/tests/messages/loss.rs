//! Nothing of an input is dropped in silence.

use std::{error::Error as _, fs};

use flyte_client::register::{self, Identity, ReadError};
use snapbox::{assert_data_eq, str};

/// Reads a file of this name and content, which must fail, and tells the error as the CLI does.
fn refuse(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, content).unwrap();
    let error = register::read(&[file], &Identity::default()).expect_err("it should be refused");
    tell(&error).replace(&format!("{}/", folder.path().display()), "")
}

fn tell(error: &ReadError) -> String {
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
error: cannot read `0_task_1.pb`
  caused by: at `template.interface.inputs.variables["in"]`: `flyteidl.core.Variable` has no field with number 99
hint: a newer Flyte kit made the file; it would be registered incomplete, so upgrade first

"#]]
    );
}

#[test]
fn a_misspelt_field_is_reported_with_its_line() {
    let text = "---\n---\ntemplate:\n  id: {name: a}\n  type: raw-container\n  container:\n    imag: x\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: cannot read `a.yaml`, document 1
  caused by: at `template.container`, line 7: `flyteidl.core.Container` has no field `imag`
hint: its fields are `image`, `command`, `args`, `resources`, `env`, `config`, `ports`, `dataConfig`, `architecture`

"#]]
    );
}

#[test]
fn a_value_of_another_type_is_reported_where_it_is() {
    let text = "template:\n  id:\n    name: a\n    version: 1.10\n  type: x\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: cannot read `a.yaml`, document 1
  caused by: at `template.id.version`, line 4: invalid type: floating point `1.1`, expected a string
hint: put the value in quotes

"#]]
    );
    let text = r#"{"template": {"id": {"name": "a"}, "nodes": [{"id": "n0"}, {"id": "n1", "metadata": {"timeout": "5 min"}}]}}"#;
    assert_data_eq!(
        refuse("a.json", text),
        str![[r#"
error: cannot read `a.json`, document 1
  caused by: at `template.nodes[1].metadata.timeout`, line 1: failed to parse duration
hint: a duration is written in seconds, such as `300s` or `0.5s`

"#]]
    );
}

#[test]
fn a_field_given_twice_is_refused_however_it_is_spelt() {
    let text = "template:\n  id: {name: a}\n  type: x\n  task_type_version: 1\n  taskTypeVersion: 2\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: cannot read `a.yaml`, document 1
  caused by: at `template`, line 2: field `task_type_version` is given twice
hint: keep one of the two spellings

"#]]
    );
    assert_data_eq!(
        refuse("a.json", r#"{"template": {"type": "x", "type": "y"}}"#),
        str![[r#"
error: cannot read `a.json`
  caused by: key `type` is given twice at line 1 column 39

"#]]
    );
    assert_data_eq!(
        refuse("a.yaml", "template:\n  type: x\n  type: y\n"),
        str![[r#"
error: cannot read `a.yaml`
  caused by: key `type` is given twice at line 3, column 3

"#]]
    );
    let text = "template:\n  id: {name: a}\n  container: {}\n  sql: {}\n";
    assert_data_eq!(
        refuse("a.yaml", text),
        str![[r#"
error: cannot read `a.yaml`, document 1
  caused by: at `template`, line 2: multiple fields provided for oneof 'target'

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
        ("just text\n", "it is no mapping"),
        ("\"@type\": acme.Thing\n", "`@type` is \"acme.Thing\", which cannot be registered"),
        ("tasks: []\nworkflows: []\n", "a list has no `workflows`"),
    ] {
        let report = refuse("a.yaml", text);
        let expected = format!(
            "error: cannot read `a.yaml`, document 1\n  caused by: it is none of Flyte's messages: {cause}\n\
             hint: a task or workflow has `template`, a launch plan has `id` and `spec`; `\"@type\": \
             type.googleapis.com/flyteidl.admin.TaskSpec` settles it\n"
        );
        assert_eq!(report, expected);
    }
}

#[test]
fn an_entity_without_a_name_is_refused() {
    assert_data_eq!(
        refuse("a.yaml", "template: {type: x}\n"),
        str![[r#"
error: cannot read `a.yaml`, document 1
  caused by: it lacks a name, `template.id.name`

"#]]
    );
    assert_data_eq!(
        refuse("0_a_3.pb", []),
        str![[r#"
error: cannot read `0_a_3.pb`
  caused by: it lacks a name, `id.name`

"#]]
    );
}

#[test]
fn names_and_endings_that_tell_nothing_are_refused() {
    assert_data_eq!(
        refuse("task.pb", []),
        str![[r#"
error: cannot read `task.pb`
  caused by: its name does not tell what it holds
hint: `pyflyte package` names files `<index>_<name>_<n>.pb`, where <n> is 1 for a task, 2 for a workflow and 3 for a launch plan

"#]]
    );
    assert_data_eq!(
        refuse("workflows.py", []),
        str![[r#"
error: cannot read `workflows.py`
  caused by: it is neither a document, a package nor a `.pb` file
hint: name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`

"#]]
    );
    assert_data_eq!(
        refuse("0_task_1.pb", b"<html>"),
        str![[r#"
error: cannot read `0_task_1.pb`
  caused by: it is no serialized `flyteidl.admin.TaskSpec`
  caused by: failed to decode Protobuf message: [..]
hint: make the package again; the file is cut or holds something else

"#]]
    );
    assert_data_eq!(
        refuse("a.yaml", "# nothing\n---\n"),
        str![[r#"
error: cannot read `a.yaml`
  caused by: it holds nothing to register
hint: name a YAML, JSON, `.pb` or `.tgz` file, or a folder with such files

"#]]
    );
}
