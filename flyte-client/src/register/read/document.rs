//! YAML and JSON documents in the proto3 JSON form of Flyte's messages.
//!
//! What a document is, it says in `@type` (as proto3 JSON does for a message of an open type), or its keys
//! say it; both spellings of a key count:
//!
//! | keys | message |
//! |---|---|
//! | `template`, perhaps `description`, `subWorkflows` | `TaskSpec` or `WorkflowSpec`, see below |
//! | `id`, `spec` with `template` | `TaskCreateRequest` or `WorkflowCreateRequest` |
//! | `id`, `spec` with `workflowId`, perhaps `closure` | `LaunchPlan` or `LaunchPlanCreateRequest` |
//! | `id`, `closure` with `compiledTask` | `Task`, as `flytectl get task` prints it |
//! | `id`, `closure` with `compiledWorkflow` | `Workflow`, as `flytectl get workflow` prints it |
//! | `tasks`, `workflows` or `launchPlans`, perhaps `token` | a list of these; so is a plain list |
//!
//! A template is a workflow's if its `id.resourceType` says so; if that is not given, a workflow's has
//! `nodes`, `outputs`, `failureNode` or `metadataDefaults`, and a task's `type`, `container`, `k8sPod`,
//! `sql`, `custom` or `config`. A document where both or neither hold is refused: guessing would register
//! something else.
//!
//! A document with none of these keys may be a task in the short form, see [`task`]; one whose `workflow` or
//! `launch_plan` is a name is a short form too, see [`workflow`].

use serde_json::Value;

use super::{
    compiled::{self, rename},
    error::ReadErrorCause,
    parsed::ItemContent,
    task::{self, ShortTask},
    workflow,
};
use crate::proto::{
    admin,
    any::TYPE,
    json::{self, member},
    path::{FieldPath, PathStep},
};
use crate::register::{
    entity::{Entity, launch_plan_from_json},
    item::ItemOrigin,
};

/// A message that a document can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DocumentMessage {
    LaunchPlan,
    LaunchPlanList,
    Task,
    TaskCreate,
    TaskList,
    TaskSpec,
    Workflow,
    WorkflowCreate,
    WorkflowList,
    WorkflowSpec,
}

/// Reads the entities of one document. On an error, `path` is of no use any more.
pub(super) fn contents(document: &Value, path: &mut FieldPath) -> Result<Vec<ItemContent>, ReadErrorCause> {
    if let Value::Array(items) = document {
        return list(items, path, contents);
    }
    let entity = |entity: Entity, origin| ItemContent::Entity(Box::new(entity), origin);
    if let Some(kind) = workflow::DraftKind::from_keys(document) {
        return Ok(vec![ItemContent::Draft(Box::new(workflow::WorkflowDraft::new(kind, document, path)))]);
    }
    if task::is_short_form(document) {
        let ShortTask { spec, extras } =
            task::parse(document).map_err(|error| ReadErrorCause::ShortForm { error, line: None })?;
        return Ok(vec![entity(Entity::Task(Box::new(spec)).named()?, ItemOrigin::Short(extras))]);
    }
    let form = recognise(document)?;
    let found = read(form, document, path)?;
    Ok(found.into_iter().map(|found| entity(found, ItemOrigin::Document)).collect())
}

fn list<T>(
    items: &[Value],
    path: &mut FieldPath,
    read: impl Fn(&Value, &mut FieldPath) -> Result<Vec<T>, ReadErrorCause>,
) -> Result<Vec<T>, ReadErrorCause> {
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        found.extend(path.within(PathStep::Index(index), |path| read(item, path))?);
    }
    Ok(found)
}

fn read(
    form: DocumentMessage,
    document: &Value,
    path: &mut FieldPath,
) -> Result<Vec<Entity>, ReadErrorCause> {
    let bare = without_type(document);
    let one = |entity: Entity| Ok(vec![entity.named()?]);
    match form {
        DocumentMessage::LaunchPlan => one(Entity::LaunchPlan(Box::new(launch_plan_from_json(&bare, path)?))),
        DocumentMessage::LaunchPlanList => {
            members(&bare, ["launchPlans", "launch_plans"], DocumentMessage::LaunchPlan, path)
        }
        DocumentMessage::Task => one(compiled::task(json::read(&bare, path)?)?),
        DocumentMessage::TaskCreate => {
            let request: admin::TaskCreateRequest = json::read(&bare, path)?;
            let mut spec = request.spec.unwrap_or_default();
            rename(request.id, &mut spec.template.get_or_insert_default().id)?;
            one(Entity::Task(Box::new(spec)))
        }
        DocumentMessage::TaskList => members(&bare, ["tasks", "tasks"], DocumentMessage::Task, path),
        DocumentMessage::TaskSpec => one(Entity::Task(Box::new(json::read(&bare, path)?))),
        DocumentMessage::Workflow => {
            compiled::workflow(json::read(&bare, path)?)?.into_iter().map(Entity::named).collect()
        }
        DocumentMessage::WorkflowCreate => {
            let request: admin::WorkflowCreateRequest = json::read(&bare, path)?;
            let mut spec = request.spec.unwrap_or_default();
            rename(request.id, &mut spec.template.get_or_insert_default().id)?;
            one(Entity::Workflow(Box::new(spec)))
        }
        DocumentMessage::WorkflowList => {
            members(&bare, ["workflows", "workflows"], DocumentMessage::Workflow, path)
        }
        DocumentMessage::WorkflowSpec => one(Entity::Workflow(Box::new(json::read(&bare, path)?))),
    }
}

/// Reads the elements of a list message; its `token` is about the server's next page only.
fn members(
    document: &Value,
    keys: [&str; 2],
    form: DocumentMessage,
    path: &mut FieldPath,
) -> Result<Vec<Entity>, ReadErrorCause> {
    let object = document.as_object().into_iter().flatten();
    if let Some((other, _)) = object.clone().find(|(key, _)| !keys.contains(&key.as_str()) && *key != "token")
    {
        return Err(ReadErrorCause::Unrecognised(format!("a list has no `{other}`")));
    }
    let mut found = Vec::new();
    for (key, value) in object.filter(|(key, _)| keys.contains(&key.as_str())) {
        let Value::Array(items) = value else {
            return Err(ReadErrorCause::Unrecognised(format!("`{key}` is not a list")));
        };
        let read_item = |item: &Value, path: &mut FieldPath| read(form, item, path);
        found.extend(path.within(PathStep::Field(key.clone()), |path| list(items, path, read_item))?);
    }
    Ok(found)
}

fn without_type(document: &Value) -> Value {
    let mut bare = document.clone();
    if let Some(object) = bare.as_object_mut() {
        object.shift_remove(TYPE);
    }
    bare
}

fn recognise(document: &Value) -> Result<DocumentMessage, ReadErrorCause> {
    let Some(object) = document.as_object() else {
        return Err(ReadErrorCause::Unrecognised("the document is not a map".into()));
    };
    if let Some(name) = object.get(TYPE) {
        return by_name(name);
    }
    let lists = [("tasks", "tasks"), ("workflows", "workflows"), ("launchPlans", "launch_plans")];
    for ((camel, snake), form) in lists.into_iter().zip([
        DocumentMessage::TaskList,
        DocumentMessage::WorkflowList,
        DocumentMessage::LaunchPlanList,
    ]) {
        if member(document, camel, snake).is_some() {
            return Ok(form);
        }
    }
    if let Some(template) = document.get("template") {
        let workflow = is_workflow(template, member(document, "subWorkflows", "sub_workflows").is_some())?;
        return Ok(if workflow { DocumentMessage::WorkflowSpec } else { DocumentMessage::TaskSpec });
    }
    if let Some(spec) = document.get("spec") {
        return by_spec(spec);
    }
    if let Some(closure) = document.get("closure") {
        let task = member(closure, "compiledTask", "compiled_task").is_some();
        let workflow = member(closure, "compiledWorkflow", "compiled_workflow").is_some();
        return match (task, workflow) {
            (true, false) => Ok(DocumentMessage::Task),
            (false, true) => Ok(DocumentMessage::Workflow),
            _ => Err(unclear("its `closure` should have one of `compiledTask` and `compiledWorkflow`")),
        };
    }
    let keys: Vec<_> = object.keys().map(String::as_str).collect();
    Err(unclear(&format!("its keys are `{}`", keys.join("`, `"))))
}

fn by_spec(spec: &Value) -> Result<DocumentMessage, ReadErrorCause> {
    let plan = member(spec, "workflowId", "workflow_id").is_some();
    match (plan, spec.get("template")) {
        (true, None) => Ok(DocumentMessage::LaunchPlan),
        (false, Some(template)) => {
            let workflow = is_workflow(template, member(spec, "subWorkflows", "sub_workflows").is_some())?;
            Ok(if workflow { DocumentMessage::WorkflowCreate } else { DocumentMessage::TaskCreate })
        }
        _ => Err(unclear("its `spec` should have one of `template` and `workflowId`")),
    }
}

/// Tells the template of a workflow from that of a task.
fn is_workflow(template: &Value, has_sub_workflows: bool) -> Result<bool, ReadErrorCause> {
    let kind = template.get("id").and_then(|id| member(id, "resourceType", "resource_type"));
    match kind.map(|kind| (kind.as_str(), kind.as_u64())) {
        Some((Some("TASK"), _) | (_, Some(1))) => return Ok(false),
        Some((Some("WORKFLOW"), _) | (_, Some(2))) => return Ok(true),
        _ => {}
    }
    let has = |keys: &[&str]| keys.iter().any(|key| template.get(key).is_some_and(|value| !value.is_null()));
    let task = has(&["type", "container", "k8sPod", "k8s_pod", "sql", "custom", "config"]);
    let workflow = has_sub_workflows
        || has(&["nodes", "outputs", "failureNode", "failure_node", "metadataDefaults", "metadata_defaults"]);
    match (task, workflow) {
        (true, false) => Ok(false),
        (false, true) => Ok(true),
        (true, true) => Err(unclear("its `template` has keys of a task and of a workflow")),
        (false, false) => Err(unclear("its `template` has neither `type` (a task) nor `nodes` (a workflow)")),
    }
}

fn by_name(name: &Value) -> Result<DocumentMessage, ReadErrorCause> {
    let full_name = name.as_str().map(|name| name.rsplit_once('/').map_or(name, |(_, name)| name));
    let short_name = full_name.and_then(|name| name.strip_prefix("flyteidl.admin."));
    Ok(match short_name {
        Some("LaunchPlan" | "LaunchPlanCreateRequest") => DocumentMessage::LaunchPlan,
        Some("LaunchPlanList") => DocumentMessage::LaunchPlanList,
        Some("Task") => DocumentMessage::Task,
        Some("TaskCreateRequest") => DocumentMessage::TaskCreate,
        Some("TaskList") => DocumentMessage::TaskList,
        Some("TaskSpec") => DocumentMessage::TaskSpec,
        Some("Workflow") => DocumentMessage::Workflow,
        Some("WorkflowCreateRequest") => DocumentMessage::WorkflowCreate,
        Some("WorkflowList") => DocumentMessage::WorkflowList,
        Some("WorkflowSpec") => DocumentMessage::WorkflowSpec,
        _ => {
            return Err(ReadErrorCause::Unrecognised(format!(
                "`{TYPE}` is {name}, which cannot be registered"
            )));
        }
    })
}

fn unclear(what: &str) -> ReadErrorCause {
    ReadErrorCause::Unrecognised(what.to_owned())
}
