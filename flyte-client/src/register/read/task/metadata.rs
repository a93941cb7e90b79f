//! Caching, retries, timeout and the rest of a task's metadata.
//!
//! Source: `TaskMetadata` in `flytekit/core/base_task.py`, and the rules of `cache=` in
//! `flytekit/core/task.py`.

use std::time::Duration;

use serde_json::Value;

use super::error::TaskError;
use super::fields::{Fields, text, texts, wrong_kind};
use crate::proto::core::{
    K8sObjectMetadata, RetryStrategy, RuntimeMetadata, TaskMetadata, TypedInterface,
    runtime_metadata::RuntimeType, task_metadata::InterruptibleValue,
};
use crate::register::cache::Caching;

/// How `RuntimeMetadata.flavor` names us.
const FLAVOR: &str = "flyte-host";

/// What a short form says about caching, from `cache` and its companions.
struct Cache {
    caching: Caching,
    serialize: bool,
    ignored_inputs: Vec<String>,
}

pub(super) fn read(
    task: &Fields<'_>,
    interface: &TypedInterface,
) -> Result<(TaskMetadata, Caching), TaskError> {
    let cache = cache(task)?;
    check_ignored_inputs(&cache.ignored_inputs, interface)?;
    let (discoverable, version) = match &cache.caching {
        Caching::On { version, .. } => (true, version.clone().unwrap_or_default()),
        Caching::Off | Caching::Unstated => (false, String::new()),
    };
    let owned = |key| task.text(key).map(|text| text.unwrap_or_default().to_owned());
    let metadata = TaskMetadata {
        discoverable,
        runtime: Some(RuntimeMetadata {
            r#type: RuntimeType::Other.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            flavor: FLAVOR.to_owned(),
        }),
        timeout: timeout(task)?,
        retries: Some(RetryStrategy { retries: retries(task)? }),
        discovery_version: version,
        deprecated_error_message: owned("deprecated")?,
        cache_serializable: cache.serialize,
        pod_template_name: owned("pod_template_name")?,
        cache_ignore_input_vars: cache.ignored_inputs,
        generates_deck: Some(false),
        metadata: Some(K8sObjectMetadata {
            labels: task.text_map("labels")?.into_iter().collect(),
            annotations: task.text_map("annotations")?.into_iter().collect(),
        }),
        interruptible_value: task.flag("interruptible")?.map(InterruptibleValue::Interruptible),
        ..TaskMetadata::default()
    };
    Ok((metadata, cache.caching))
}

fn cache(task: &Fields<'_>) -> Result<Cache, TaskError> {
    match task.value("cache") {
        Some(value @ Value::Object(_)) => cache_object(task, value),
        Some(Value::Bool(true)) => Ok(Cache {
            caching: Caching::On { version: version(task, "cache_version")?, salt: String::new() },
            serialize: task.flag("cache_serialize")?.unwrap_or_default(),
            ignored_inputs: names(task, "cache_ignore_input_vars")?,
        }),
        Some(Value::Bool(false)) => without_cache(task, Caching::Off),
        None => without_cache(task, Caching::Unstated),
        Some(other) => Err(wrong_kind("cache", other, "`true`, `false` or a map")),
    }
}

fn cache_object(task: &Fields<'_>, value: &Value) -> Result<Cache, TaskError> {
    for key in ["cache_version", "cache_serialize", "cache_ignore_input_vars"] {
        if task.value(key).is_some() {
            let error = TaskError::new(key, "and a `cache` with its own keys exclude each other");
            return Err(
                error.with_hint("move it into `cache`, as `version`, `serialize` or `ignored_inputs`")
            );
        }
    }
    let fields = Fields::new(value, "cache", &["ignored_inputs", "salt", "serialize", "version"])?;
    let salt = fields.text("salt")?.unwrap_or_default().to_owned();
    Ok(Cache {
        caching: Caching::On { version: version(&fields, "version")?, salt },
        serialize: fields.flag("serialize")?.unwrap_or_default(),
        ignored_inputs: names(&fields, "ignored_inputs")?,
    })
}

/// What only makes sense with a cache is refused without one, as flytekit does.
fn without_cache(task: &Fields<'_>, caching: Caching) -> Result<Cache, TaskError> {
    let serialize = task.flag("cache_serialize")?.unwrap_or_default();
    let ignored_inputs = names(task, "cache_ignore_input_vars")?;
    let companions = [
        ("cache_serialize", serialize),
        ("cache_ignore_input_vars", !ignored_inputs.is_empty()),
        ("cache_version", version(task, "cache_version")?.is_some()),
    ];
    match companions.iter().find(|(_, set)| *set) {
        Some((key, _)) => {
            Err(TaskError::new(*key, "is set, but `cache` is not").with_hint("add `cache: true`"))
        }
        None => Ok(Cache { caching, serialize, ignored_inputs }),
    }
}

fn version(fields: &Fields<'_>, key: &str) -> Result<Option<String>, TaskError> {
    match fields.text(key)? {
        Some("") => {
            Err(TaskError::new(fields.at(key), "is empty").with_hint("leave it out for the default policies"))
        }
        version => Ok(version.map(str::to_owned)),
    }
}

/// One name or several.
fn names(fields: &Fields<'_>, key: &str) -> Result<Vec<String>, TaskError> {
    match fields.value(key) {
        None => Ok(Vec::new()),
        Some(value @ Value::String(_)) => Ok(vec![text(value, &fields.at(key))?.to_owned()]),
        Some(value) => texts(value, &fields.at(key)),
    }
}

fn check_ignored_inputs(names: &[String], interface: &TypedInterface) -> Result<(), TaskError> {
    let inputs: Vec<&str> =
        interface.inputs.iter().flat_map(|inputs| inputs.variables.keys()).map(String::as_str).collect();
    match names.iter().find(|name| !inputs.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let error =
                TaskError::new("cache", format!("ignores the input `{name}`, which the task does not have"));
            Err(match flyte_text::closest(name, inputs) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            })
        }
    }
}

pub(in crate::register) fn retries(task: &Fields<'_>) -> Result<u32, TaskError> {
    let Some(value) = task.value("retries") else { return Ok(0) };
    let retries = value.as_u64().and_then(|retries| u32::try_from(retries).ok());
    retries.ok_or_else(|| match value {
        Value::Number(number) if number.as_i64().is_some_and(i64::is_negative) => {
            TaskError::new(task.at("retries"), format!("must be a whole number from 0, not {number}"))
        }
        // How it is written is not known here: `1e3` prints otherwise.
        Value::Number(_) => {
            TaskError::new(task.at("retries"), format!("is not a whole number from 0 to {}", u32::MAX))
        }
        other => wrong_kind(&task.at("retries"), other, "a whole number"),
    })
}

/// Whole seconds, or a text such as `1h30m`.
pub(in crate::register) fn timeout(task: &Fields<'_>) -> Result<Option<prost_types::Duration>, TaskError> {
    let duration = match task.value("timeout") {
        None => return Ok(None),
        Some(Value::Number(number)) => number.as_u64().map(Duration::from_secs),
        Some(Value::String(text)) => parse_duration(text),
        Some(other) => {
            return Err(wrong_kind(
                &task.at("timeout"),
                other,
                "a number of seconds or a text such as `1h30m`",
            ));
        }
    };
    let seconds = |duration: Duration| {
        let seconds = i64::try_from(duration.as_secs()).ok()?;
        let nanos = i32::try_from(duration.subsec_nanos()).ok()?;
        Some(prost_types::Duration { seconds, nanos })
    };
    match duration.and_then(seconds) {
        Some(duration) if duration == prost_types::Duration::default() => Ok(None),
        Some(duration) => Ok(Some(duration)),
        None => {
            let given = task.value("timeout").and_then(Value::as_str).map(|text| format!("is `{text}`, "));
            let given = given.unwrap_or_else(|| "is ".to_owned());
            let problem = format!("{given}not whole seconds from 0 or a text such as `1h30m`");
            Err(TaskError::new(task.at("timeout"), problem))
        }
    }
}

/// `90s`, `1h30m`, `1d`, `500ms`: units from large to small, each once.
fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let letters =
            rest[digits..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |end| digits + end);
        let unit = &rest[digits..letters];
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(rest[..digits].parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = rest[letters..].trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::from_millis(total))
}
