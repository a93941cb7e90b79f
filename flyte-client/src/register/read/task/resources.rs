//! What a task asks of its machine.

use serde_json::Value;

use super::error::TaskError;
use super::fields::{Fields, wrong_kind};
use crate::documents::number;
use crate::proto::core::{Resources, resources::ResourceEntry, resources::ResourceName};

/// The names of flytekit's `Resources`, in the order in which `_get_container_definition` writes their
/// entries.
const NAMES: [(&str, ResourceName); 4] = [
    ("ephemeral_storage", ResourceName::EphemeralStorage),
    ("cpu", ResourceName::Cpu),
    ("gpu", ResourceName::Gpu),
    ("mem", ResourceName::Memory),
];
const KEYS: [&str; 4] = ["cpu", "ephemeral_storage", "gpu", "mem"];

/// Reads `requests` and `limits`, or `resources` in their place.
pub(in crate::register) fn read(task: &Fields<'_>) -> Result<Resources, TaskError> {
    let Some(value) = task.value("resources") else {
        return Ok(Resources { requests: entries(task, "requests")?, limits: entries(task, "limits")? });
    };
    for key in ["requests", "limits"] {
        if task.value(key).is_some() {
            let error = TaskError::new("resources", format!("and `{key}` exclude each other"));
            return Err(error.with_hint("keep `resources`, or both of `requests` and `limits`"));
        }
    }
    let fields = Fields::new(value, "resources", &KEYS)?;
    let mut resources = Resources::default();
    for (key, name) in NAMES {
        let Some(value) = fields.value(key) else { continue };
        let path = fields.at(key);
        let (request, limit) = match value {
            Value::Array(pair) => match pair.as_slice() {
                [request, limit] => (request, Some(limit)),
                _ => {
                    return Err(TaskError::new(path, "must be a list of two values, request and limit"));
                }
            },
            single => (single, None),
        };
        resources.requests.extend(entry(name, request, &path)?);
        if let Some(limit) = limit {
            resources.limits.extend(entry(name, limit, &path)?);
        }
    }
    Ok(resources)
}

fn entries(task: &Fields<'_>, part: &str) -> Result<Vec<ResourceEntry>, TaskError> {
    let Some(value) = task.value(part) else { return Ok(Vec::new()) };
    let fields = Fields::new(value, part, &KEYS)?;
    let mut entries = Vec::new();
    for (key, name) in NAMES {
        if let Some(value) = fields.value(key) {
            entries.extend(entry(name, value, &fields.at(key))?);
        }
    }
    Ok(entries)
}

/// An amount; flytekit leaves out what Python takes for false.
fn entry(name: ResourceName, value: &Value, path: &str) -> Result<Option<ResourceEntry>, TaskError> {
    let amount = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_f64() == Some(0.0) => String::new(),
        Value::Number(number) => number.to_string(),
        other => match number::written(other).filter(|written| number::is_integer(written)) {
            Some(written) => written.to_owned(),
            None => return Err(wrong_kind(path, other, "an amount such as `500m` or `2Gi`")),
        },
    };
    if amount.contains(char::is_whitespace) {
        return Err(TaskError::new(path, format!("is `{amount}`; an amount has no spaces, such as `2Gi`")));
    }
    Ok((!amount.is_empty()).then(|| ResourceEntry { name: name.into(), value: amount }))
}
