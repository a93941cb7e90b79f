//! The container of a pod task: the primary one of its pod spec. Its sidecars are not run.

use flyte_client::proto::core::{Container, K8sPod, KeyValuePair, TaskTemplate};
use prost_types::{Struct, Value, value::Kind};

use super::error::AttemptError;

/// The key in a task's `config` with the name of the primary container.
const PRIMARY: &str = "primary_container_name";

/// The primary container of a pod; the first one if none has its name.
pub(super) fn primary(task: &TaskTemplate, pod: &K8sPod) -> Result<Container, AttemptError> {
    let containers = pod.pod_spec.as_ref().map(|spec| list(spec, "containers")).unwrap_or_default();
    let containers: Vec<&Struct> = containers.iter().filter_map(structure).collect();
    let name = match pod.primary_container_name.as_str() {
        "" => task.config.get(PRIMARY).map_or("primary", String::as_str),
        name => name,
    };
    let named = containers.iter().find(|container| text(container, "name") == name);
    let found = named.or(containers.first()).ok_or_else(|| AttemptError::NoContainer {
        task_type: task.r#type.clone(),
        target: "a Kubernetes pod without a container",
    })?;
    Ok(Container {
        image: text(found, "image").to_owned(),
        command: texts(found, "command"),
        args: texts(found, "args"),
        env: list(found, "env").iter().filter_map(structure).filter_map(variable).collect(),
        data_config: pod.data_config.clone(),
        ..Container::default()
    })
}

/// A variable with a value; those that Kubernetes would read from elsewhere are left out.
fn variable(entry: &Struct) -> Option<KeyValuePair> {
    entry.fields.get("value")?;
    Some(KeyValuePair { key: text(entry, "name").to_owned(), value: text(entry, "value").to_owned() })
}

fn text<'a>(fields: &'a Struct, name: &str) -> &'a str {
    match fields.fields.get(name).and_then(|value| value.kind.as_ref()) {
        Some(Kind::StringValue(text)) => text,
        _ => "",
    }
}

fn texts(fields: &Struct, name: &str) -> Vec<String> {
    let texts = list(fields, name).iter().filter_map(|value| match &value.kind {
        Some(Kind::StringValue(text)) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

fn list<'a>(fields: &'a Struct, name: &str) -> &'a [Value] {
    match fields.fields.get(name).and_then(|value| value.kind.as_ref()) {
        Some(Kind::ListValue(list)) => &list.values,
        _ => &[],
    }
}

fn structure(value: &Value) -> Option<&Struct> {
    match &value.kind {
        Some(Kind::StructValue(fields)) => Some(fields),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    fn string(text: &str) -> Value {
        value(Kind::StringValue(text.to_owned()))
    }

    fn structure(fields: &[(&str, Value)]) -> Value {
        let fields: BTreeMap<_, _> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        value(Kind::StructValue(Struct { fields }))
    }

    fn list(values: Vec<Value>) -> Value {
        value(Kind::ListValue(prost_types::ListValue { values }))
    }

    fn pod(containers: Vec<Value>) -> K8sPod {
        let Some(Kind::StructValue(spec)) = structure(&[("containers", list(containers))]).kind else {
            panic!("a structure")
        };
        K8sPod { pod_spec: Some(spec), ..K8sPod::default() }
    }

    #[test]
    fn the_primary_container_is_run() {
        let variable = structure(&[("name", string("A")), ("value", string("b"))]);
        let secret = structure(&[("name", string("S")), ("valueFrom", structure(&[]))]);
        let containers = vec![
            structure(&[("name", string("sidecar")), ("image", string("other"))]),
            structure(&[
                ("name", string("main")),
                ("image", string("image:1")),
                ("args", list(vec![string("pyflyte-execute"), string("--inputs")])),
                ("env", list(vec![variable, secret])),
            ]),
        ];
        let config = [(PRIMARY.to_owned(), "main".to_owned())].into();
        let task = TaskTemplate { config, ..TaskTemplate::default() };
        let container = primary(&task, &pod(containers)).unwrap();
        assert_eq!(container.image, "image:1");
        assert_eq!(container.args, ["pyflyte-execute", "--inputs"]);
        assert_eq!(container.env, [KeyValuePair { key: "A".to_owned(), value: "b".to_owned() }]);
    }

    #[test]
    fn a_pod_without_containers_fails() {
        assert!(primary(&TaskTemplate::default(), &pod(Vec::new())).is_err());
    }
}
