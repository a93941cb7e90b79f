//! The short form of container tasks: the parameters of flytekit's `ContainerTask`, in YAML or JSON.
//!
//! ```yaml
//! name: align
//! image: ghcr.io/acme/bwa:1.2          # may be left out: see the registration defaults
//! command: [bwa, mem, /var/inputs/reads]
//! inputs: {reads: file, threads: int}
//! outputs: {alignment: file}
//! input_data_dir: /var/inputs
//! output_data_dir: /var/outputs
//! cache: {version: v1}
//! requests: {cpu: 2, mem: 4Gi}
//! ```
//!
//! The result is the message that `ContainerTask` serializes to (`flytekit/core/container_task.py`,
//! `flytekit/core/base_task.py`), except for `metadata.runtime`, which names us: type OTHER, flavor
//! `flyte-host`. Project, domain and version stay empty, for [`Identity`](crate::register::Identity) to fill.
//! Where we are stricter than flytekit:
//!
//! - An unknown key, a value of another kind and a name that no input has under `ignored_inputs` are errors.
//! - `cache_version` without `cache` is an error; flytekit writes a version that is never read.
//!
//! And where we are more lenient: `image` may be missing; amounts may be numbers (flytekit fails while it
//! serializes them); a timeout may be written `1h30m`; caching without a version waits for the default
//! policies.

mod error;
pub(super) mod fields;
pub(super) mod metadata;
mod pod;
pub(super) mod resources;
mod secrets;
pub(super) mod types;

use serde_json::Value;

pub use self::error::TaskError;
pub use self::types::parse as parse_type;

use self::fields::{Fields, wrong_kind};
use crate::documents::number;
use crate::proto::admin::TaskSpec;
use crate::proto::core::{
    Container, DataLoadingConfig, Identifier, KeyValuePair, ResourceType, TaskTemplate, TypedInterface,
    Variable, VariableMap, data_loading_config::LiteralMapFormat, task_template::Target,
};
use crate::register::cache::Caching;

/// A task of the short form.
#[derive(Clone, Debug, PartialEq)]
pub struct ShortTask {
    /// The task, as it is registered once defaults are applied.
    pub spec: TaskSpec,
    /// What the message cannot tell.
    pub extras: ShortTaskExtras,
}

/// What a task of the short form says and its message cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortTaskExtras {
    /// What it says about caching.
    pub cache: Caching,
    /// The keys of secrets whose `group` was not given, which is not the same as an empty one.
    pub secrets_without_group: Vec<String>,
}

const KEYS: [&str; 27] = [
    "annotations",
    "arguments",
    "cache",
    "cache_ignore_input_vars",
    "cache_serialize",
    "cache_version",
    "command",
    "deprecated",
    "environment",
    "image",
    "input_data_dir",
    "inputs",
    "interruptible",
    "labels",
    "limits",
    "metadata_format",
    "name",
    "output_data_dir",
    "outputs",
    "pod_template",
    "pod_template_name",
    "requests",
    "resources",
    "retries",
    "secret_requests",
    "secrets",
    "timeout",
];

/// Keys that other documents have: Flyte's messages, lists of them, and short workflows.
const FOREIGN: [&str; 12] = [
    "@type",
    "closure",
    "id",
    "launchPlans",
    "launch_plans",
    "nodes",
    "spec",
    "tasks",
    "template",
    "workflow",
    "workflowId",
    "workflows",
];

/// Whether a document is meant as a short form: it has a key that only tasks have at the top, and none of
/// Flyte's messages.
pub fn is_short_form(document: &Value) -> bool {
    let own = ["arguments", "command", "image", "name"];
    let Some(object) = document.as_object() else { return false };
    own.iter().any(|key| object.contains_key(*key)) && !FOREIGN.iter().any(|key| object.contains_key(*key))
}

/// Reads a short form.
///
/// # Errors
///
/// If a key is unknown, or a value is not what the key needs.
pub fn parse(document: &Value) -> Result<ShortTask, TaskError> {
    let task = Fields::new(document, "", &KEYS)?;
    let name = match task.text("name")? {
        Some(name) if !name.trim().is_empty() => name.to_owned(),
        Some(_) => return Err(TaskError::new("name", "is empty")),
        None => return Err(TaskError::new("", "lacks `name`")),
    };
    let container = container(&task)?;
    let interface = TypedInterface {
        inputs: Some(variables(&task, "inputs")?),
        outputs: Some(variables(&task, "outputs")?),
    };
    let (metadata, cache) = metadata::read(&task, &interface)?;
    let (security_context, secrets_without_group) = secrets::read(&task)?;
    let mut template = TaskTemplate {
        id: Some(Identifier { resource_type: ResourceType::Task.into(), name, ..Identifier::default() }),
        r#type: "raw-container".to_owned(),
        metadata: Some(metadata),
        interface: Some(interface),
        security_context,
        ..TaskTemplate::default()
    };
    template.target = Some(match task.value("pod_template") {
        None => Target::Container(container),
        Some(value) => {
            let (pod, primary) = pod::read(value, &container)?;
            template.config.insert(pod::PRIMARY_CONTAINER_NAME.to_owned(), primary);
            Target::K8sPod(pod)
        }
    });
    let spec = TaskSpec { template: Some(template), ..TaskSpec::default() };
    Ok(ShortTask { spec, extras: ShortTaskExtras { cache, secrets_without_group } })
}

fn container(task: &Fields<'_>) -> Result<Container, TaskError> {
    if task.value("command").is_none() {
        return Err(
            TaskError::new("", "lacks `command`").with_hint("`command: []` runs the image's own entry point")
        );
    }
    let image = task.text("image")?.unwrap_or_default();
    if image.contains(char::is_whitespace) && !image.contains("{{") {
        return Err(TaskError::new("image", format!("is `{image}`; an image has no spaces")));
    }
    let pair = |(key, value)| KeyValuePair { key, value };
    Ok(Container {
        image: image.to_owned(),
        command: task.texts("command")?,
        args: task.texts("arguments")?,
        resources: Some(resources::read(task)?),
        env: task.text_map("environment")?.into_iter().map(pair).collect(),
        data_config: Some(data_config(task)?),
        ..Container::default()
    })
}

fn data_config(task: &Fields<'_>) -> Result<DataLoadingConfig, TaskError> {
    let format = match task.text("metadata_format")? {
        None => LiteralMapFormat::Json,
        Some(format) => match format.to_uppercase().as_str() {
            "JSON" => LiteralMapFormat::Json,
            "YAML" => LiteralMapFormat::Yaml,
            "PROTO" => LiteralMapFormat::Proto,
            _ => {
                let problem = format!("must be `json`, `yaml` or `proto`, not `{format}`");
                return Err(TaskError::new("metadata_format", problem));
            }
        },
    };
    let path = |key| task.text(key).map(|path| path.unwrap_or_default().to_owned());
    Ok(DataLoadingConfig {
        enabled: true,
        input_path: path("input_data_dir")?,
        output_path: path("output_data_dir")?,
        format: format.into(),
        io_strategy: None,
    })
}

/// `name: type`, or `name: {type: …, description: …}`; flytekit describes a variable by its name.
fn variables(task: &Fields<'_>, key: &str) -> Result<VariableMap, TaskError> {
    let mut variables = VariableMap::default();
    let Some(value) = task.value(key) else { return Ok(variables) };
    let object = value.as_object().filter(|_| !number::is_kept(value));
    let object = object.ok_or_else(|| wrong_kind(key, value, "a map of names to types"))?;
    for (name, value) in object {
        let path = format!("{key}.{name}");
        if name.is_empty() {
            return Err(TaskError::new(key, "has a variable without a name"));
        }
        let described = value.get("type").is_some();
        let (value, description) = match described {
            true => {
                let fields = Fields::new(value, &path, &["description", "type"])?;
                let value =
                    fields.value("type").ok_or_else(|| TaskError::new(fields.at("type"), "is empty"))?;
                (value, fields.text("description")?.unwrap_or(name))
            }
            false => (value, name.as_str()),
        };
        let r#type = Some(types::read(value, &path)?);
        let variable = Variable { r#type, description: description.to_owned(), ..Variable::default() };
        variables.variables.insert(name.clone(), variable);
    }
    Ok(variables)
}
