//! YAML and JSON documents in the proto3 JSON form of Flyte's messages.
//!
//! What a document is, it says in `@type` (as proto3 JSON does for a message of an open type), or its keys say
//! it; both spellings of a key count:
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
//! A template is a workflow's if its `id.resourceType` says so; if that is not given, a workflow's has `nodes`,
//! `outputs`, `failureNode` or `metadataDefaults`, and a task's `type`, `container`, `k8sPod`, `sql`, `custom` or
//! `config`. A document where both or neither hold is refused: guessing would register something else.
//!
//! A document with none of these keys may be a task in the short form, see [`task`]; one whose `workflow` or
//! `launch_plan` is a name is a short form too, see [`workflow`].

use serde_json::Value;

use super::{
    compiled::{self, rename},
    error::Cause,
    parsed::Content,
    task::{self, ShortTask},
    workflow,
};
use crate::proto::{
    admin,
    any::TYPE,
    json::{self, member},
    path::{FieldPath, Step},
};
use crate::register::{
    entity::{Entity, launch_plan_from_json},
    item::Origin,
};

/// A message that a document can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
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
pub(super) fn contents(document: &Value, path: &mut FieldPath) -> Result<Vec<Content>, Cause> {
    if let Value::Array(items) = document {
        return list(items, path, contents);
    }
    let entity = |entity: Entity, origin| Content::Entity(Box::new(entity), origin);
    if let Some(kind) = workflow::Kind::of(document) {
        return Ok(vec![Content::Draft(Box::new(workflow::Draft::new(kind, document, path)))]);
    }
    if task::is_short_form(document) {
        let ShortTask { spec, facts } =
            task::parse(document).map_err(|error| Cause::ShortForm { error, line: None })?;
        return Ok(vec![entity(Entity::Task(Box::new(spec)).named()?, Origin::Short(facts))]);
    }
    let form = recognise(document)?;
    let found = read(form, document, path)?;
    Ok(found.into_iter().map(|found| entity(found, Origin::Document)).collect())
}

fn list<T>(
    items: &[Value],
    path: &mut FieldPath,
    read: impl Fn(&Value, &mut FieldPath) -> Result<Vec<T>, Cause>,
) -> Result<Vec<T>, Cause> {
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        found.extend(path.within(Step::Index(index), |path| read(item, path))?);
    }
    Ok(found)
}

fn read(form: Form, document: &Value, path: &mut FieldPath) -> Result<Vec<Entity>, Cause> {
    let bare = without_type(document);
    let one = |entity: Entity| Ok(vec![entity.named()?]);
    match form {
        Form::LaunchPlan => one(Entity::LaunchPlan(Box::new(launch_plan_from_json(&bare, path)?))),
        Form::LaunchPlanList => members(&bare, ["launchPlans", "launch_plans"], Form::LaunchPlan, path),
        Form::Task => one(compiled::task(json::read(&bare, path)?)?),
        Form::TaskCreate => {
            let request: admin::TaskCreateRequest = json::read(&bare, path)?;
            let mut spec = request.spec.unwrap_or_default();
            rename(request.id, &mut spec.template.get_or_insert_default().id)?;
            one(Entity::Task(Box::new(spec)))
        }
        Form::TaskList => members(&bare, ["tasks", "tasks"], Form::Task, path),
        Form::TaskSpec => one(Entity::Task(Box::new(json::read(&bare, path)?))),
        Form::Workflow => {
            compiled::workflow(json::read(&bare, path)?)?.into_iter().map(Entity::named).collect()
        }
        Form::WorkflowCreate => {
            let request: admin::WorkflowCreateRequest = json::read(&bare, path)?;
            let mut spec = request.spec.unwrap_or_default();
            rename(request.id, &mut spec.template.get_or_insert_default().id)?;
            one(Entity::Workflow(Box::new(spec)))
        }
        Form::WorkflowList => members(&bare, ["workflows", "workflows"], Form::Workflow, path),
        Form::WorkflowSpec => one(Entity::Workflow(Box::new(json::read(&bare, path)?))),
    }
}

/// Reads the elements of a list message; its `token` is about the server's next page only.
fn members(
    document: &Value,
    keys: [&str; 2],
    form: Form,
    path: &mut FieldPath,
) -> Result<Vec<Entity>, Cause> {
    let object = document.as_object().into_iter().flatten();
    if let Some((other, _)) = object.clone().find(|(key, _)| !keys.contains(&key.as_str()) && *key != "token")
    {
        return Err(Cause::Unrecognised(format!("a list has no `{other}`")));
    }
    let mut found = Vec::new();
    for (key, value) in object.filter(|(key, _)| keys.contains(&key.as_str())) {
        let Value::Array(items) = value else {
            return Err(Cause::Unrecognised(format!("`{key}` is no list")));
        };
        let read_item = |item: &Value, path: &mut FieldPath| read(form, item, path);
        found.extend(path.within(Step::Field(key.clone()), |path| list(items, path, read_item))?);
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

fn recognise(document: &Value) -> Result<Form, Cause> {
    let Some(object) = document.as_object() else {
        return Err(Cause::Unrecognised("it is no mapping".into()));
    };
    if let Some(name) = object.get(TYPE) {
        return by_name(name);
    }
    let lists = [("tasks", "tasks"), ("workflows", "workflows"), ("launchPlans", "launch_plans")];
    for ((camel, snake), form) in
        lists.into_iter().zip([Form::TaskList, Form::WorkflowList, Form::LaunchPlanList])
    {
        if member(document, camel, snake).is_some() {
            return Ok(form);
        }
    }
    if let Some(template) = document.get("template") {
        let workflow = is_workflow(template, member(document, "subWorkflows", "sub_workflows").is_some())?;
        return Ok(if workflow { Form::WorkflowSpec } else { Form::TaskSpec });
    }
    if let Some(spec) = document.get("spec") {
        return by_spec(spec);
    }
    if let Some(closure) = document.get("closure") {
        let task = member(closure, "compiledTask", "compiled_task").is_some();
        let workflow = member(closure, "compiledWorkflow", "compiled_workflow").is_some();
        return match (task, workflow) {
            (true, false) => Ok(Form::Task),
            (false, true) => Ok(Form::Workflow),
            _ => Err(unclear("its `closure` should have one of `compiledTask` and `compiledWorkflow`")),
        };
    }
    let keys: Vec<_> = object.keys().map(String::as_str).collect();
    Err(unclear(&format!("its keys are `{}`", keys.join("`, `"))))
}

fn by_spec(spec: &Value) -> Result<Form, Cause> {
    let plan = member(spec, "workflowId", "workflow_id").is_some();
    match (plan, spec.get("template")) {
        (true, None) => Ok(Form::LaunchPlan),
        (false, Some(template)) => {
            let workflow = is_workflow(template, member(spec, "subWorkflows", "sub_workflows").is_some())?;
            Ok(if workflow { Form::WorkflowCreate } else { Form::TaskCreate })
        }
        _ => Err(unclear("its `spec` should have one of `template` and `workflowId`")),
    }
}

/// Tells the template of a workflow from that of a task.
fn is_workflow(template: &Value, has_sub_workflows: bool) -> Result<bool, Cause> {
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

fn by_name(name: &Value) -> Result<Form, Cause> {
    let full_name = name.as_str().map(|name| name.rsplit_once('/').map_or(name, |(_, name)| name));
    let short_name = full_name.and_then(|name| name.strip_prefix("flyteidl.admin."));
    Ok(match short_name {
        Some("LaunchPlan" | "LaunchPlanCreateRequest") => Form::LaunchPlan,
        Some("LaunchPlanList") => Form::LaunchPlanList,
        Some("Task") => Form::Task,
        Some("TaskCreateRequest") => Form::TaskCreate,
        Some("TaskList") => Form::TaskList,
        Some("TaskSpec") => Form::TaskSpec,
        Some("Workflow") => Form::Workflow,
        Some("WorkflowCreateRequest") => Form::WorkflowCreate,
        Some("WorkflowList") => Form::WorkflowList,
        Some("WorkflowSpec") => Form::WorkflowSpec,
        _ => return Err(Cause::Unrecognised(format!("`{TYPE}` is {name}, which cannot be registered"))),
    })
}

fn unclear(what: &str) -> Cause {
    Cause::Unrecognised(what.to_owned())
}
