//! What can be registered: tasks, workflows and launch plans, each as Flyte's whole message.

use std::fmt;

use prost::Message as _;
use serde_json::Value;

use super::read::error::ReadErrorCause;
use crate::proto::{
    admin::{LaunchPlan, TaskSpec, WorkflowSpec},
    any,
    core::{Identifier, ResourceType},
    decode::{self, MessageError},
    json,
    path::{FieldError, FieldPath, PathStep},
};

/// The three kinds of things that can be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// `flyteidl.admin.LaunchPlan`.
    LaunchPlan,
    /// `flyteidl.admin.TaskSpec`.
    Task,
    /// `flyteidl.admin.WorkflowSpec`.
    Workflow,
}

impl EntityKind {
    /// Returns the full name of the message that is registered.
    pub fn message_name(self) -> &'static str {
        match self {
            Self::LaunchPlan => "flyteidl.admin.LaunchPlan",
            Self::Task => "flyteidl.admin.TaskSpec",
            Self::Workflow => "flyteidl.admin.WorkflowSpec",
        }
    }

    /// Returns the kind as identifiers tell it.
    pub(crate) fn resource_type(self) -> ResourceType {
        match self {
            Self::LaunchPlan => ResourceType::LaunchPlan,
            Self::Task => ResourceType::Task,
            Self::Workflow => ResourceType::Workflow,
        }
    }

    /// Returns the number that ends the file name in a package (`flytekit.tools.serialize_helpers`).
    pub fn file_number(self) -> u8 {
        match self {
            Self::Task => 1,
            Self::Workflow => 2,
            Self::LaunchPlan => 3,
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LaunchPlan => "launch plan",
            Self::Task => "task",
            Self::Workflow => "workflow",
        })
    }
}

/// One thing to register: the whole message, as it is sent.
///
/// A launch plan keeps the closure that packages and servers may add to it; the server ignores it.
#[derive(Clone, Debug, PartialEq)]
pub enum Entity {
    /// A launch plan with its name.
    LaunchPlan(Box<LaunchPlan>),
    /// A task.
    Task(Box<TaskSpec>),
    /// A workflow.
    Workflow(Box<WorkflowSpec>),
}

impl Entity {
    /// Returns which of the three it is.
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::LaunchPlan(_) => EntityKind::LaunchPlan,
            Self::Task(_) => EntityKind::Task,
            Self::Workflow(_) => EntityKind::Workflow,
        }
    }

    /// Returns its name. Project, domain and version may be empty or placeholders until
    /// [`Identity::fill`](super::Identity::fill).
    pub fn id(&self) -> Option<&Identifier> {
        match self {
            Self::LaunchPlan(plan) => plan.id.as_ref(),
            Self::Task(spec) => spec.template.as_ref()?.id.as_ref(),
            Self::Workflow(spec) => spec.template.as_ref()?.id.as_ref(),
        }
    }

    /// Returns the serialized message: the same bytes for equal entities.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::LaunchPlan(plan) => plan.encode_to_vec(),
            Self::Task(spec) => spec.encode_to_vec(),
            Self::Workflow(spec) => spec.encode_to_vec(),
        }
    }

    /// Reads a serialized message.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a message, hold a field that we do not know, or name nothing.
    pub fn decode(kind: EntityKind, bytes: &[u8]) -> Result<Self, ReadErrorCause> {
        let fail = |error| malformed(kind, error);
        match kind {
            EntityKind::LaunchPlan => Self::LaunchPlan(Box::new(decode::decode(bytes).map_err(fail)?)),
            EntityKind::Task => Self::Task(Box::new(decode::decode(bytes).map_err(fail)?)),
            EntityKind::Workflow => Self::Workflow(Box::new(decode::decode(bytes).map_err(fail)?)),
        }
        .named()
    }

    /// Returns the message in proto3 JSON form, without the member that tells its kind.
    pub(crate) fn to_json(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::LaunchPlan(plan) => launch_plan_to_json(plan),
            Self::Task(spec) => json::to_json(spec.as_ref()),
            Self::Workflow(spec) => json::to_json(spec.as_ref()),
        }
    }

    /// Refuses an entity without a name.
    pub(crate) fn named(self) -> Result<Self, ReadErrorCause> {
        if self.id().is_some_and(|id| !id.name.is_empty()) {
            return Ok(self);
        }
        Err(ReadErrorCause::Unnamed(if self.kind() == EntityKind::LaunchPlan {
            "id.name"
        } else {
            "template.id.name"
        }))
    }

    /// Applies a change to the message and all messages in it.
    pub(crate) fn rewrite(self, change: impl Fn(&mut prost_reflect::DynamicMessage)) -> Self {
        match self {
            Self::LaunchPlan(plan) => Self::LaunchPlan(Box::new(decode::rewrite(plan.as_ref(), change))),
            Self::Task(spec) => Self::Task(Box::new(decode::rewrite(spec.as_ref(), change))),
            Self::Workflow(spec) => Self::Workflow(Box::new(decode::rewrite(spec.as_ref(), change))),
        }
    }
}

fn malformed(kind: EntityKind, error: MessageError) -> ReadErrorCause {
    match error {
        MessageError::Malformed(cause) => ReadErrorCause::Decode { message: kind.message_name(), cause },
        MessageError::UnknownField(error) => ReadErrorCause::Field(error),
    }
}

/// The fields on the way from a launch plan to its conditions, in both spellings.
const TO_CONDITIONS: [(&str, &str); 3] =
    [("spec", "spec"), ("entityMetadata", "entity_metadata"), ("launchConditions", "launch_conditions")];

/// Reads a launch plan, with conditions of any type; `path` is where `value` is in its document.
pub(crate) fn launch_plan_from_json(value: &Value, path: &mut FieldPath) -> Result<LaunchPlan, FieldError> {
    let (value, conditions) = without_conditions(value.clone());
    let mut plan: LaunchPlan = json::read(&value, path)?;
    if let Some(conditions) = conditions {
        let depth = path.0.len();
        path.0.extend(TO_CONDITIONS.map(|(camel, _)| PathStep::Field(camel.into())));
        let conditions = any::read(&conditions, path)?;
        path.0.truncate(depth);
        let metadata = plan.spec.get_or_insert_default().entity_metadata.get_or_insert_default();
        metadata.launch_conditions = Some(conditions);
    }
    Ok(plan)
}

fn without_conditions(mut plan: Value) -> (Value, Option<Value>) {
    let mut object = &mut plan;
    let [outer @ .., last] = &TO_CONDITIONS;
    for (camel, snake) in outer {
        let key = if object.get(camel).is_some() { camel } else { snake };
        match object.get_mut(key) {
            Some(inner) => object = inner,
            None => return (plan, None),
        }
    }
    let Some(metadata) = object.as_object_mut() else { return (plan, None) };
    // With both spellings there, the reader of the rest complains.
    let key = if metadata.contains_key(last.0) { last.0 } else { last.1 };
    let conditions = metadata.shift_remove(key).filter(|value| !value.is_null());
    (plan, conditions)
}

fn launch_plan_to_json(plan: &LaunchPlan) -> Result<Value, serde_json::Error> {
    let mut plan = plan.clone();
    let metadata = plan.spec.as_mut().and_then(|spec| spec.entity_metadata.as_mut());
    let conditions = metadata.and_then(|metadata| metadata.launch_conditions.take());
    let mut value = json::to_json(&plan)?;
    if let Some(conditions) = conditions {
        let [(spec, _), (metadata, _), (key, _)] = TO_CONDITIONS;
        value[spec][metadata][key] = any::write(&conditions)?;
        value.sort_all_objects();
    }
    Ok(value)
}
