//! What the short form of container tasks accepts, and what it says about the rest.

use flyte_client::proto::core::{LiteralType, literal_type::Type};
use flyte_client::register::cache::Caching;
use flyte_client::register::read::task::{self, ShortTask};
use serde_json::{Value, json};
use snapbox::prelude::*;
use snapbox::str;

fn document(more: &Value) -> Value {
    let mut task = json!({"name": "t", "image": "a:1", "command": ["run"]});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn read(more: Value) -> ShortTask {
    task::parse(&document(&more)).unwrap()
}

#[track_caller]
fn refused(more: Value, expected: impl IntoData) {
    let error = task::parse(&document(&more)).unwrap_err();
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    snapbox::assert_data_eq!(format!("{error}{hint}"), expected.raw());
}

#[test]
fn short_forms_are_distinguished_from_other_documents() {
    for yes in [json!({"name": "x"}), json!({"image": "a"}), json!({"command": []}), document(&json!({}))] {
        assert!(task::is_short_form(&yes), "{yes}");
    }
    for no in [
        json!({}),
        json!([]),
        json!("name"),
        json!({"template": {}}),
        json!({"name": "x", "template": {}}),
        json!({"name": "x", "nodes": []}),
        json!({"id": {}, "spec": {}}),
        json!({"name": "x", "@type": "flyteidl.admin.TaskSpec"}),
    ] {
        assert!(!task::is_short_form(&no), "{no}");
    }
}

#[test]
fn extras_that_no_message_holds_are_kept() {
    let cache = |more| read(more).extras.cache;
    assert_eq!(cache(json!({})), Caching::Unstated);
    assert_eq!(cache(json!({"cache": null})), Caching::Unstated);
    assert_eq!(cache(json!({"cache": false})), Caching::Off);
    assert_eq!(cache(json!({"cache": true})), Caching::On { version: None, salt: String::new() });
    assert_eq!(cache(json!({"cache": {}})), Caching::On { version: None, salt: String::new() });
    assert_eq!(cache(json!({"cache": {"salt": "s"}})), Caching::On { version: None, salt: "s".to_owned() });
    let versioned = Caching::On { version: Some("v".to_owned()), salt: String::new() };
    assert_eq!(cache(json!({"cache": true, "cache_version": "v"})), versioned);
    let secrets = json!({"secrets": [{"key": "a"}, {"key": "b", "group": ""}, {"key": "c", "group": null}]});
    assert_eq!(read(secrets).extras.secrets_without_group, ["a", "c"]);
}

#[test]
fn types_may_be_lists_objects_or_described() {
    let spec = read(json!({"inputs": {
        "colour": ["red", "green"],
        "whole": {"collectionType": {"simple": "INTEGER"}},
        "described": {"type": "int", "description": "how many"},
    }}))
    .spec;
    let inputs = spec.template.unwrap().interface.unwrap().inputs.unwrap().variables;
    let kind = |name: &str| inputs[name].r#type.clone().unwrap().r#type;
    assert!(matches!(kind("colour"), Some(Type::EnumType(values)) if values.values == ["red", "green"]));
    let integer = LiteralType { r#type: Some(Type::Simple(1)), ..LiteralType::default() };
    assert_eq!(kind("whole"), Some(Type::CollectionType(Box::new(integer))));
    assert_eq!(inputs["described"].description, "how many");
}

#[test]
fn amounts_and_timeouts_may_be_written_as_people_do() {
    let task = read(json!({"requests": {"cpu": 2, "mem": 0, "gpu": 0.5}, "timeout": "1h30m 500ms"}));
    let template = task.spec.template.unwrap();
    assert_eq!(
        template.metadata.unwrap().timeout.unwrap(),
        prost_types::Duration { seconds: 5400, nanos: 500_000_000 }
    );
    let Some(flyte_client::proto::core::task_template::Target::Container(container)) = template.target else {
        panic!()
    };
    let amounts: Vec<_> =
        container.resources.unwrap().requests.into_iter().map(|entry| entry.value).collect();
    assert_eq!(amounts, ["2", "0.5"]);
}

#[test]
fn unknown_keys_get_a_near_name() {
    refused(
        json!({"comand": []}),
        str![[r#"
unknown field `comand`
hint: did you mean `command`?
"#]],
    );
    refused(
        json!({"requests": {"memory": "1Gi"}}),
        str![[r#"
unknown field `requests.memory`
hint: did you mean `mem`?
"#]],
    );
    refused(
        json!({"secrets": [{"zzz": 1}]}),
        str![[r#"
unknown field `secrets[0].zzz`
hint: known names are `env_var`, `group`, `group_version`, `key`, `mount_requirement`
"#]],
    );
    refused(
        json!({"cache": {"verison": "1"}}),
        str![[r#"
unknown field `cache.verison`
hint: did you mean `version`?
"#]],
    );
}

#[test]
fn values_of_another_kind_are_placed() {
    refused(
        json!({"name": 1}),
        str![[r#"
`name` must be a string, not a number
hint: put it in quotes
"#]],
    );
    refused(json!({"name": " "}), str!["`name` is empty"]);
    refused(json!({"name": null}), str!["the task lacks `name`"]);
    refused(json!({"image": "a b"}), str!["`image` is `a b`; an image has no spaces"]);
    refused(
        json!({"command": null}),
        str![[r#"
the task lacks `command`
hint: `command: []` runs the image's own entry point
"#]],
    );
    refused(json!({"command": "run"}), str!["`command` must be a list of strings, not a string"]);
    refused(
        json!({"arguments": ["a", 80]}),
        str![[r#"
`arguments[1]` must be a string, not a number
hint: put it in quotes
"#]],
    );
    refused(
        json!({"environment": {"PORT": true}}),
        str![[r#"
`environment.PORT` must be a string, not a boolean
hint: put it in quotes
"#]],
    );
    refused(
        json!({"metadata_format": "xml"}),
        str!["`metadata_format` must be `json`, `yaml` or `proto`, not `xml`"],
    );
    refused(json!({"retries": -1}), str!["`retries` must be a whole number from 0, not -1"]);
    refused(json!({"retries": "3"}), str!["`retries` must be a whole number, not a string"]);
    refused(
        json!({"timeout": "90"}),
        str![[r#"`timeout` is `90`, not whole seconds from 0 or a text such as `1h30m`"#]],
    );
    refused(json!({"timeout": 1.5}), str!["`timeout` is not whole seconds from 0 or a text such as `1h30m`"]);
    refused(json!({"interruptible": "yes"}), str!["`interruptible` must be `true` or `false`, not a string"]);
    refused(
        json!({"requests": {"cpu": [1, 2]}}),
        str!["`requests.cpu` must be an amount such as `500m` or `2Gi`, not a list"],
    );
    refused(
        json!({"requests": {"mem": "1 Gi"}}),
        str!["`requests.mem` is `1 Gi`; an amount has no spaces, such as `2Gi`"],
    );
    refused(
        json!({"resources": {"cpu": [1]}}),
        str!["`resources.cpu` must be a list of two values, request and limit"],
    );
    refused(json!({"secrets": {"key": "a"}}), str!["`secrets` must be a list, not a map"]);
    refused(
        json!({"secrets": [{"mount_requirement": "disk"}]}),
        str!["`secrets[0].mount_requirement` must be `any`, `env_var` or `file`, not `disk`"],
    );
    refused(
        json!({"pod_template": {"pod_spec": {"containers": {}}}}),
        str!["`pod_template.pod_spec.containers` must be a list, not a map"],
    );
    refused(
        json!({"pod_template": {"primary_container_name": ""}}),
        str!["`pod_template.primary_container_name` is empty"],
    );
}

#[test]
fn types_that_cannot_be_read_are_placed() {
    refused(
        json!({"inputs": {"x": "strng"}}),
        str![[r#"
`inputs.x` is `strng`: unknown type `strng`; did you mean `str`?
hint: types are written as in Python: `int`, `list[str]`, `dict[str, float]`, `file`, `int | None`
"#]],
    );
    refused(json!({"inputs": ["x"]}), str!["`inputs` must be a map of names to types, not a list"]);
    refused(
        json!({"outputs": {"x": 1}}),
        str!["`outputs.x` must be a type such as `int` or `list[str]`, not a number"],
    );
    refused(
        json!({"outputs": {"x": {"simpel": "INTEGER"}}}),
        str!["`outputs.x` is not a literal type: unknown field `simpel` of `flyteidl.core.LiteralType`"],
    );
}

#[test]
fn keys_that_exclude_each_other_are_named() {
    refused(
        json!({"secrets": [], "secret_requests": []}),
        str![[r#"
`secret_requests` and `secrets` are two names of one thing
hint: keep one of the two
"#]],
    );
    refused(
        json!({"resources": {}, "limits": {}}),
        str![[r#"
`resources` and `limits` exclude each other
hint: keep `resources`, or both of `requests` and `limits`
"#]],
    );
    refused(
        json!({"cache": {}, "cache_version": "v"}),
        str![[r#"
`cache_version` and a `cache` with its own keys exclude each other
hint: move it into `cache`, as `version`, `serialize` or `ignored_inputs`
"#]],
    );
    refused(
        json!({"cache_version": "v"}),
        str![[r#"
`cache_version` is set, but `cache` is not
hint: add `cache: true`
"#]],
    );
    refused(json!({"cache": "yes"}), str!["`cache` must be `true`, `false` or a map, not a string"]);
    refused(
        json!({"cache": {"version": ""}}),
        str![[r#"
`cache.version` is empty
hint: leave it out for the default policies
"#]],
    );
    refused(
        json!({"cache": {"ignored_inputs": "threds"}, "inputs": {"threads": "int"}}),
        str![[r#"
`cache` ignores the input `threds`, which the task does not have
hint: did you mean `threads`?
"#]],
    );
}
