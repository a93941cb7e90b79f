//! One node of a workflow.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    WorkflowError,
    bindings::{self, Scope},
    interfaces::Interface,
    lookup::{self, Lookup},
};
use crate::documents::number;
use crate::literal::type_name;
use crate::proto::core::{
    Binding, Identifier, LiteralType, Node, NodeMetadata, ResourceType, RetryStrategy, SimpleType, TaskNode,
    TaskNodeOverrides, WorkflowNode,
    literal_type::Type,
    node::Target,
    node_metadata::{CacheSerializableValue, CacheVersionValue, CacheableValue, InterruptibleValue},
    task_node, workflow_node,
};
use crate::register::read::task::{
    fields::{Fields, wrong_kind},
    metadata, resources,
};

const KEYS: [&str; 17] = [
    "after",
    "cache",
    "domain",
    "image",
    "inputs",
    "interruptible",
    "launch_plan",
    "limits",
    "name",
    "project",
    "requests",
    "resources",
    "retries",
    "task",
    "timeout",
    "version",
    "workflow",
];

/// Keys that only a node that runs a task may have: Flyte's overrides of tasks.
const TASK_KEYS: [&str; 4] = ["image", "limits", "requests", "resources"];

/// A node, its keys read.
pub(super) struct NodeDraft<'a> {
    pub(super) id: &'a str,
    pub(super) path: String,
    /// What it runs.
    pub(super) reference: Identifier,
    fields: Fields<'a>,
}

impl<'a> NodeDraft<'a> {
    pub(super) fn new(id: &'a str, value: &'a Value) -> Result<Self, WorkflowError> {
        let path = format!("nodes.{id}");
        check_id(id)?;
        let fields = Fields::new(value, &path, &KEYS)?;
        let mut kinds = [
            ("task", ResourceType::Task),
            ("workflow", ResourceType::Workflow),
            ("launch_plan", ResourceType::LaunchPlan),
        ]
        .into_iter()
        .filter(|(key, _)| fields.value(key).is_some());
        let (key, kind) = kinds.next().ok_or_else(|| {
            WorkflowError::new(&path, "lacks what it runs")
                .with_hint("add `task`, `workflow` or `launch_plan`, with the name of one")
        })?;
        if let Some((other, _)) = kinds.next() {
            return Err(WorkflowError::new(&path, format!("has both `{key}` and `{other}`")));
        }
        let reference = reference(&fields, key, kind)?;
        if let Some(key) =
            TASK_KEYS.iter().find(|key| kind != ResourceType::Task && fields.value(key).is_some())
        {
            return Err(WorkflowError::new(fields.at(key), "is for nodes that run a task"));
        }
        Ok(Self { id, path, reference, fields })
    }

    /// Gives the reference the version of what is meant.
    ///
    /// # Errors
    ///
    /// When there is nothing of that name.
    pub(super) fn settle(&mut self, lookup: &Lookup<'_>) -> Result<(), WorkflowError> {
        lookup
            .settle(&mut self.reference)
            .map_err(|absent| lookup::error(&self.path, absent, "runs").about(format!("node `{}`", self.id)))
    }

    /// The error of a node of which something must be known, and is not.
    pub(super) fn unknown(&self, lookup: &Lookup<'_>, hint: &str) -> WorkflowError {
        let near = lookup.near(&self.reference).map(|near| format!("did you mean `{near}`?"));
        WorkflowError::new(&self.path, format!("runs {}", lookup.why_unknown(&self.reference)))
            .about(format!("node `{}`", self.id))
            .with_hint(near.unwrap_or_else(|| hint.to_owned()))
    }

    /// Builds the node; `interface` is that of what it runs, where it is known.
    pub(super) fn build(
        &self,
        interface: Option<&Interface>,
        scope: &Scope<'_>,
    ) -> Result<Node, WorkflowError> {
        let mut upstream = self.after(scope)?;
        let inputs = self.inputs(interface, scope, &mut upstream)?;
        Ok(Node {
            id: self.id.to_owned(),
            metadata: Some(self.metadata()?),
            inputs,
            upstream_node_ids: upstream.into_iter().collect(),
            target: Some(self.target()?),
            ..Node::default()
        })
    }

    fn after(&self, scope: &Scope<'_>) -> Result<BTreeSet<String>, WorkflowError> {
        let names = match self.fields.value("after") {
            Some(Value::String(name)) => vec![name.clone()],
            _ => self.fields.texts("after")?,
        };
        match names.iter().find(|name| !scope.nodes.contains_key(name.as_str())) {
            None => Ok(names.into_iter().collect()),
            Some(name) => {
                let mut known: Vec<_> = scope.nodes.keys().copied().collect();
                known.sort_unstable();
                let error = WorkflowError::new(
                    self.fields.at("after"),
                    format!("refers to `{name}`, which is not a node"),
                );
                Err(error.with_names(name, known))
            }
        }
    }

    /// Bindings by name, as flytekit sorts them.
    fn inputs(
        &self,
        interface: Option<&Interface>,
        scope: &Scope<'_>,
        upstream: &mut BTreeSet<String>,
    ) -> Result<Vec<Binding>, WorkflowError> {
        let path = self.fields.at("inputs");
        let mut inputs = Vec::new();
        let given = match self.fields.value("inputs") {
            None => None,
            Some(value @ Value::Object(given)) if !number::is_kept(value) => Some(given),
            Some(other) => return Err(wrong_kind(&path, other, "a map of names to values").into()),
        };
        for (name, value) in given.into_iter().flatten() {
            let at = format!("{path}.{name}");
            let expected = match interface {
                None => None,
                Some(interface) => match interface.inputs.variables.get(name) {
                    Some(variable) => variable.r#type.as_ref(),
                    None => {
                        let problem = format!("is not an input of {}", self.runs());
                        let names = interface.inputs.variables.keys().map(String::as_str);
                        return Err(WorkflowError::new(at, problem).with_names(name, names));
                    }
                },
            };
            let bound = bindings::bind(value, expected, scope, &at)?;
            upstream.extend(bound.nodes);
            inputs.push(Binding { var: name.clone(), binding: Some(bound.data) });
        }
        for (name, variable) in interface.iter().flat_map(|interface| &interface.inputs.variables) {
            if given.is_some_and(|given| given.contains_key(name)) {
                continue;
            }
            let default = interface.and_then(|interface| interface.defaults.get(name));
            let expected = variable.r#type.clone().unwrap_or_default();
            match default {
                Some(default) => {
                    let binding = Some(bindings::of_literal(default.clone()));
                    inputs.push(Binding { var: name.clone(), binding });
                }
                None if is_optional(&expected) => {}
                None => {
                    let problem = format!(
                        "lacks `{name}`, of type `{}`, which {} needs",
                        type_name(&expected),
                        self.runs()
                    );
                    return Err(WorkflowError::new(path, problem));
                }
            }
        }
        inputs.sort_by(|a, b| a.var.cmp(&b.var));
        Ok(inputs)
    }

    /// What the node runs, for messages.
    pub(super) fn runs(&self) -> String {
        let kind = match self.reference.resource_type() {
            ResourceType::Workflow => "workflow",
            ResourceType::LaunchPlan => "launch plan",
            _ => "task",
        };
        format!("the {kind} `{}`", self.reference.name)
    }

    fn metadata(&self) -> Result<NodeMetadata, WorkflowError> {
        let fields = &self.fields;
        let mut metadata = NodeMetadata {
            name: fields.text("name")?.unwrap_or(self.id).to_owned(),
            timeout: metadata::timeout(fields)?,
            interruptible_value: fields.flag("interruptible")?.map(InterruptibleValue::Interruptible),
            ..NodeMetadata::default()
        };
        if fields.value("retries").is_some() {
            metadata.retries = Some(RetryStrategy { retries: metadata::retries(fields)? });
        }
        match fields.value("cache") {
            None => {}
            Some(Value::Bool(flag)) => metadata.cacheable_value = Some(CacheableValue::Cacheable(*flag)),
            Some(value @ Value::Object(_)) => {
                let cache = Fields::new(value, &fields.at("cache"), &["serialize", "version"])?;
                metadata.cacheable_value = Some(CacheableValue::Cacheable(true));
                metadata.cache_version_value =
                    cache.text("version")?.map(|version| CacheVersionValue::CacheVersion(version.to_owned()));
                metadata.cache_serializable_value =
                    cache.flag("serialize")?.map(CacheSerializableValue::CacheSerializable);
            }
            Some(other) => {
                return Err(wrong_kind(&fields.at("cache"), other, "`true`, `false` or a map").into());
            }
        }
        Ok(metadata)
    }

    fn target(&self) -> Result<Target, WorkflowError> {
        let reference = self.reference.clone();
        Ok(match reference.resource_type() {
            ResourceType::Workflow => Target::WorkflowNode(WorkflowNode {
                reference: Some(workflow_node::Reference::SubWorkflowRef(reference)),
            }),
            ResourceType::LaunchPlan => Target::WorkflowNode(WorkflowNode {
                reference: Some(workflow_node::Reference::LaunchplanRef(reference)),
            }),
            _ => Target::TaskNode(TaskNode {
                reference: Some(task_node::Reference::ReferenceId(reference)),
                overrides: self.overrides()?,
            }),
        })
    }

    fn overrides(&self) -> Result<Option<TaskNodeOverrides>, WorkflowError> {
        if TASK_KEYS.iter().all(|key| self.fields.value(key).is_none()) {
            return Ok(None);
        }
        Ok(Some(TaskNodeOverrides {
            resources: Some(resources::read(&self.fields)?),
            container_image: self.fields.text("image")?.unwrap_or_default().to_owned(),
            ..TaskNodeOverrides::default()
        }))
    }
}

/// The name under `key`, and `version`, `project` and `domain` beside it.
pub(super) fn reference(
    fields: &Fields<'_>,
    key: &str,
    kind: ResourceType,
) -> Result<Identifier, WorkflowError> {
    let text = |key| fields.text(key).map(|text| text.unwrap_or_default().to_owned());
    let name = text(key)?;
    if name.trim().is_empty() {
        return Err(WorkflowError::new(fields.at(key), "must be a name, not empty"));
    }
    Ok(Identifier {
        resource_type: kind.into(),
        project: text("project")?,
        domain: text("domain")?,
        name,
        version: text("version")?,
        ..Identifier::default()
    })
}

fn check_id(id: &str) -> Result<(), WorkflowError> {
    const RESERVED: [&str; 3] = ["end-node", "inputs", "start-node"];
    let path = format!("nodes.{id}");
    if RESERVED.contains(&id) {
        return Err(WorkflowError::new(path, "has a name that is reserved"));
    }
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        return Err(WorkflowError::new(path, "has an invalid name; use letters, digits, `-` and `_`"));
    }
    Ok(())
}

/// Whether an input may stay without a value: Flyte takes `None` for it.
fn is_optional(of: &LiteralType) -> bool {
    let none = Some(Type::Simple(SimpleType::None.into()));
    matches!(&of.r#type, Some(Type::UnionType(union)) if union.variants.iter().any(|variant| variant.r#type == none))
}
