//! Short forms against what the official `ContainerTask` serializes to.

use std::io::Write as _;

use flyte_client::proto::admin::TaskSpec;
use flyte_client::register::read::task;
use prost::Message as _;
use serde_json::{Value, json};

/// Our notation, and the Python expression for the same type.
const TYPES: [(&str, &str); 38] = [
    ("int", "int"),
    ("float", "float"),
    ("str", "str"),
    ("bool", "bool"),
    ("datetime", "datetime.datetime"),
    ("date", "datetime.date"),
    ("timedelta", "datetime.timedelta"),
    ("duration", "datetime.timedelta"),
    ("None", "type(None)"),
    ("dict", "dict"),
    ("struct", "dict"),
    ("file", "FlyteFile"),
    ("FlyteFile", "FlyteFile"),
    ("file[csv]", "FlyteFile['csv']"),
    ("FlyteFile[\"csv\"]", "FlyteFile['csv']"),
    ("directory", "FlyteDirectory"),
    ("directory[parquet]", "FlyteDirectory['parquet']"),
    ("dataset", "StructuredDataset"),
    ("enum[red, green]", "enum.Enum('Colour', {'RED': 'red', 'GREEN': 'green'})"),
    ("list[int]", "typing.List[int]"),
    ("List[List[str]]", "list[list[str]]"),
    ("dict[str, int]", "typing.Dict[str, int]"),
    ("Dict[str, list[float]]", "typing.Dict[str, typing.List[float]]"),
    ("list[file]", "typing.List[FlyteFile]"),
    ("int | None", "typing.Optional[int]"),
    ("None | int", "typing.Union[None, int]"),
    ("Optional[str]", "typing.Optional[str]"),
    ("Optional[Optional[str]]", "typing.Optional[typing.Optional[str]]"),
    ("int | int", "typing.Union[int, int]"),
    ("int | str | bool | float", "typing.Union[int, str, bool, float]"),
    ("Union[int, str | None, int]", "typing.Union[int, typing.Union[str, None], int]"),
    ("datetime | timedelta | None", "typing.Union[datetime.datetime, datetime.timedelta, None]"),
    ("date | None", "typing.Optional[datetime.date]"),
    ("list[int] | dict[str, int]", "typing.Union[typing.List[int], typing.Dict[str, int]]"),
    ("list[int | None]", "typing.List[typing.Optional[int]]"),
    ("file | directory | dataset", "typing.Union[FlyteFile, FlyteDirectory, StructuredDataset]"),
    ("dict | None", "typing.Optional[dict]"),
    ("enum[a] | None", "typing.Optional[enum.Enum('One', {'A': 'a'})]"),
];

fn tasks() -> Vec<Value> {
    let base = |more: Value| {
        let mut task = json!({"name": "pkg.task", "image": "a.b/c:1", "command": ["run", "{{.inputs.x}}"]});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let mut tasks: Vec<_> = TYPES
        .iter()
        .map(|(notation, _)| base(json!({"inputs": {"x": notation}, "outputs": {"y": notation}})))
        .collect();
    let more = [
        json!({}),
        json!({"command": []}),
        json!({"arguments": ["-v", "{{.outputPrefix}}"], "environment": {"Z": "1", "A": "2"}}),
        json!({"inputs": {}, "outputs": {}}),
        json!({"inputs": {"b": "int", "a": "str"}, "input_data_dir": "/in", "output_data_dir": "/out"}),
        json!({"metadata_format": "YAML"}),
        json!({"metadata_format": "proto"}),
        json!({"requests": {"cpu": "1", "mem": "2Gi", "gpu": "1", "ephemeral_storage": "9Gi"}}),
        json!({"limits": {"mem": "2Gi", "cpu": "500m"}, "requests": {"mem": ""}}),
        json!({"resources": {"cpu": ["1", "2"], "mem": "1Gi"}}),
        json!({"resources": {"cpu": "1"}, "limits": {"cpu": "1"}}),
        json!({"secret_requests": [{"group": "g", "key": "k"}, {"group": "", "key": "l"}]}),
        json!({"secrets": [{"group": "g", "key": "k", "group_version": "2", "mount_requirement": "file", "env_var": "A_1"}]}),
        json!({"secrets": [{"group": "g", "mount_requirement": "ENV_VAR"}]}),
        json!({"secrets": [{"group": "g", "key": "k", "env_var": "lower"}]}),
        json!({"secrets": []}),
        json!({"retries": 3, "timeout": 90, "interruptible": true, "deprecated": "use the other"}),
        json!({"retries": 0, "timeout": 0, "interruptible": false}),
        json!({"labels": {"a": "b"}, "annotations": {"c": "d"}, "pod_template_name": "gpu"}),
        json!({"cache": true, "cache_version": "v1"}),
        json!({"cache": true, "cache_version": "v1", "cache_serialize": true, "inputs": {"x": "int"}, "cache_ignore_input_vars": ["x"]}),
        json!({"cache": {"version": "v2", "serialize": true, "ignored_inputs": "x"}, "inputs": {"x": "int"}}),
        json!({"cache": {"version": "v2", "ignored_inputs": ["x", "y"]}, "inputs": {"x": "int", "y": "int"}}),
        json!({"cache": false}),
        json!({"cache_serialize": true}),
        json!({"cache": false, "cache_ignore_input_vars": ["x"], "inputs": {"x": "int"}}),
        json!({"pod_template": {}}),
        json!({"pod_template": {"primary_container_name": "main", "labels": {"a": "b"}, "annotations": {"c": "d"}},
               "environment": {"A": "1"}, "arguments": ["x"], "requests": {"cpu": "1", "ephemeral_storage": "1Gi"}}),
        json!({"pod_template": {"pod_spec": {
                   "nodeSelector": {"gpu": "yes"}, "terminationGracePeriodSeconds": 30, "hostNetwork": true,
                   "containers": [
                       {"name": "side", "image": "s:1", "args": ["x"]},
                       {"name": "primary", "image": "own:1", "command": ["gone"], "args": ["gone"],
                        "resources": {"limits": {"cpu": "9"}}, "env": [{"name": "B", "value": "2"}]}]}},
               "environment": {"A": "1"}}),
        json!({"pod_template": {"pod_spec": {"containers": [
                   {"name": "primary", "resources": {"limits": {"cpu": "9"}}}]}},
               "limits": {"gpu": "1", "mem": "1Gi"}, "secrets": [{"group": "g", "key": "k"}]}),
    ];
    tasks.extend(more.into_iter().map(base));
    tasks
}

/// The message of the judge, with our name in `metadata.runtime`: the one difference that is meant.
fn theirs(spec: &Value, ours: &TaskSpec) -> TaskSpec {
    let text = spec.as_str().unwrap();
    let byte = |index| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
    let mut spec = TaskSpec::decode(bytes.as_slice()).unwrap();
    let runtime = |spec: &TaskSpec| spec.template.as_ref()?.metadata.as_ref()?.runtime.clone();
    let our_runtime = runtime(ours);
    assert!(runtime(&spec).is_some() && our_runtime.is_some());
    spec.template.as_mut().unwrap().metadata.as_mut().unwrap().runtime = our_runtime;
    spec
}

#[test]
fn short_forms_are_what_container_task_serializes_to() {
    let tasks = tasks();
    let types: Value = TYPES.iter().map(|(notation, python)| (*notation, json!(python))).collect();
    let Some(answers) = crate::judge::ask("task/serialize.py", &json!({"types": types, "tasks": tasks}))
    else {
        return;
    };
    let (mut skipped, mut refused) = (0, Vec::new());
    for (form, answer) in tasks.iter().zip(answers.as_array().unwrap()) {
        match (task::parse(form), &answer["spec"], &answer["error"]) {
            (Ok(ours), spec @ Value::String(_), _) => {
                assert_eq!(ours.spec, theirs(spec, &ours.spec), "{form}")
            }
            (Err(error), _, Value::String(_)) => refused.push(error.to_string()),
            _ if answer["skipped"].is_string() => skipped += 1,
            (ours, ..) => panic!("{form}: ours {ours:?}, theirs {answer}"),
        }
    }
    assert_eq!(
        refused,
        [
            "`resources` and `limits` exclude each other",
            "`secrets[0].env_var` must be capital letters, digits and `_`, without a leading digit, not `lower`",
            "`cache_serialize` is set, but `cache` is not",
            "`cache_ignore_input_vars` is set, but `cache` is not",
        ]
    );
    if skipped > 0 {
        writeln!(std::io::stderr(), "skipped: {skipped} tasks with a pod; the judge lacks kubernetes")
            .unwrap();
    }
}
