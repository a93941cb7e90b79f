//! A task's own pod.
//!
//! Source: `_serialize_pod_spec` in `flytekit/core/utils.py`: image, command, arguments, resources and
//! environment of the task go into the primary container, which is added if the pod lacks it.

use serde_json::{Map, Value, json};

use super::error::TaskError;
use super::fields::{Fields, wrong_kind};
use crate::documents::number;
use crate::proto::core::{
    Container, K8sObjectMetadata, K8sPod, resources::ResourceEntry, resources::ResourceName,
};
use crate::proto::struct_value;

/// The key of `TaskTemplate.config` that names the primary container.
pub(super) const PRIMARY_CONTAINER_NAME: &str = "primary_container_name";

/// Reads `pod_template`, puts `container` into its pod, and gives the primary container's name.
pub(super) fn read(value: &Value, container: &Container) -> Result<(K8sPod, String), TaskError> {
    let known = ["annotations", "labels", "pod_spec", PRIMARY_CONTAINER_NAME];
    let fields = Fields::new(value, "pod_template", &known)?;
    let primary = match fields.text(PRIMARY_CONTAINER_NAME)? {
        Some("") => return Err(TaskError::new(fields.at(PRIMARY_CONTAINER_NAME), "is empty")),
        Some(name) => name,
        None => "primary",
    };
    let mut spec = match fields.value("pod_spec") {
        Some(value @ Value::Object(spec)) if !number::is_kept(value) => spec.clone(),
        Some(other) => return Err(wrong_kind(&fields.at("pod_spec"), other, "a map")),
        None => Map::new(),
    };
    merge(&mut spec, primary, container)?;
    let metadata = K8sObjectMetadata {
        labels: fields.text_map("labels")?.into_iter().collect(),
        annotations: fields.text_map("annotations")?.into_iter().collect(),
    };
    let pod = K8sPod {
        metadata: Some(metadata),
        pod_spec: Some(struct_value::from_json(&spec)),
        data_config: container.data_config.clone(),
        ..K8sPod::default()
    };
    Ok((pod, primary.to_owned()))
}

fn merge(spec: &mut Map<String, Value>, primary: &str, container: &Container) -> Result<(), TaskError> {
    const PATH: &str = "pod_template.pod_spec.containers";
    let containers = spec.entry("containers").or_insert_with(|| json!([]));
    let Value::Array(containers) = containers else { return Err(wrong_kind(PATH, containers, "a list")) };
    let index = containers.iter().position(|container| container["name"] == primary);
    let index = index.unwrap_or_else(|| {
        containers.push(json!({ "name": primary }));
        containers.len() - 1
    });
    let Value::Object(place) = &mut containers[index] else {
        return Err(wrong_kind(&format!("{PATH}[{index}]"), &containers[index], "a map"));
    };
    if !container.image.is_empty() && place.get("image").is_none_or(Value::is_null) {
        place.insert("image".to_owned(), json!(container.image));
    }
    place.insert("command".to_owned(), json!(container.command));
    place.remove("args");
    if !container.args.is_empty() {
        place.insert("args".to_owned(), json!(container.args));
    }
    if let Some(resources) = &container.resources
        && !(resources.limits.is_empty() && resources.requests.is_empty())
    {
        let [limits, requests] = [amounts(&resources.limits), amounts(&resources.requests)];
        place.insert("resources".to_owned(), json!({ "limits": limits, "requests": requests }));
    }
    let mut env: Vec<Value> =
        container.env.iter().map(|pair| json!({ "name": pair.key, "value": pair.value })).collect();
    match place.get("env") {
        None | Some(Value::Null) => {}
        Some(Value::Array(own)) => env.extend(own.iter().cloned()),
        Some(other) => return Err(wrong_kind(&format!("{PATH}[{index}].env"), other, "a list")),
    }
    place.insert("env".to_owned(), Value::Array(env));
    Ok(())
}

fn amounts(entries: &[ResourceEntry]) -> Map<String, Value> {
    let name = |entry: &ResourceEntry| ResourceName::try_from(entry.name).unwrap_or_default().as_str_name();
    entries.iter().map(|entry| (name(entry).to_lowercase().replace('_', "-"), json!(entry.value))).collect()
}
