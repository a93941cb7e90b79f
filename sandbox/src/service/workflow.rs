//! Workflows.

use flyte_client::{
    Status,
    proto::{
        admin::{
            self, CreateWorkflowFailureReason, NamedEntityIdentifierList, WorkflowSpec,
            create_workflow_failure_reason::Reason,
        },
        core::{CompiledWorkflowClosure, Identifier, ResourceType},
    },
};
use rusqlite::Connection;

use super::{difference, project, task};
use crate::{
    Sandbox,
    compile::{self, EntityKey, Library},
    identity,
    list::{Column, Listing, Table},
    service_error::{ServiceError, invalid, not_found, required},
    store::{description as descriptions, launch_plan, task as tasks, time, workflow as table},
};

/// Workflows, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "workflow",
    name: "workflows",
    from: "workflows",
    columns: &[
        Column::text("project"),
        Column::text("domain"),
        Column::text("name"),
        Column::text("version"),
        Column::bytes("typed_interface"),
        Column::text("remote_closure_identifier"),
        Column::bytes("digest"),
        Column::text("short_description"),
    ],
    joins: &[],
};

pub(crate) fn create(
    sandbox: &Sandbox,
    request: admin::WorkflowCreateRequest,
) -> Result<admin::WorkflowCreateResponse, ServiceError> {
    let id = identity::require_kind(request.id, ResourceType::Workflow)?;
    sandbox.store.write(|transaction| {
        project::check_active(transaction, &id.project, &id.domain)?;
        let mut spec = required(request.spec, "spec")?;
        required(spec.template.as_mut(), "spec")?.id = Some(id.clone());
        let compiled = compile::compile(&spec, &library(transaction, &spec)?).map_err(|errors| {
            invalid(format!(
                "failed to compile workflow for [{}] with err: {errors}",
                identity::IdentifierText(&id)
            ))
        })?;
        let digest = difference::digest(&compiled);
        if let Some(present) = table::digest(transaction, &id)? {
            let old = if present == digest { None } else { Some(present_closure(transaction, &id)?) };
            return Err(ServiceError::from(exists(&id, old.as_ref(), &compiled)));
        }
        let closure = admin::WorkflowClosure {
            compiled_workflow: Some(compiled),
            created_at: time::message_from_text(&time::now_text()),
        };
        let short_description = spec.description.as_ref().map_or("", |entity| &entity.short_description);
        table::insert(transaction, &id, &closure, &digest, short_description)?;
        let description = spec.description.as_ref();
        Ok(description.map_or(Ok(()), |entity| descriptions::insert(transaction, &id, entity))?)
    })?;
    Ok(admin::WorkflowCreateResponse {})
}

/// The registered entities that a workflow refers to.
pub(crate) fn library(connection: &Connection, spec: &WorkflowSpec) -> Result<Library, ServiceError> {
    let mut library = Library::default();
    let (task_ids, plan_ids) = compile::references(spec);
    for id in task_ids {
        let key = EntityKey::new(id);
        if library.tasks.contains_key(&key) {
            continue;
        }
        let task = tasks::find(connection, id)?.and_then(|task| task.closure?.compiled_task);
        library.tasks.extend(task.map(|task| (key, task)));
    }
    for id in plan_ids {
        let plan = launch_plan::find(connection, id)?;
        library.launch_plans.extend(plan.map(|plan| (EntityKey::new(id), plan)));
    }
    Ok(library)
}

fn present_closure(
    connection: &Connection,
    id: &Identifier,
) -> Result<CompiledWorkflowClosure, ServiceError> {
    let present = table::find(connection, id)?.and_then(|workflow| workflow.closure?.compiled_workflow);
    Ok(present.unwrap_or_default())
}

/// The error for a workflow that exists: `old` is its structure if it differs.
fn exists(id: &Identifier, old: Option<&CompiledWorkflowClosure>, new: &CompiledWorkflowClosure) -> Status {
    let (status, reason) = match old {
        None => {
            let same = admin::WorkflowErrorExistsIdenticalStructure { id: Some(id.clone()) };
            (difference::identical("workflow"), Reason::ExistsIdenticalStructure(same))
        }
        Some(old) => {
            let other = admin::WorkflowErrorExistsDifferentStructure { id: Some(id.clone()) };
            let status = difference::different("workflow", &id.name, old, new);
            (status, Reason::ExistsDifferentStructure(other))
        }
    };
    status.with_detail(&CreateWorkflowFailureReason { reason: Some(reason) })
}

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::ObjectGetRequest,
) -> Result<admin::Workflow, ServiceError> {
    let id = identity::require_complete(request.id, ResourceType::Workflow)?;
    let workflow = sandbox.store.read(|connection| table::find(connection, &id))?;
    let mut workflow = workflow
        .ok_or_else(|| not_found("WORKFLOW", identity::IdentifierText(&identity::without_kind(&id))))?;
    let closure = workflow.closure.as_mut().and_then(|closure| closure.compiled_workflow.as_mut());
    if let Some(compiled) = closure {
        // They are for the engine; FlyteAdmin stores none.
        compiled.launch_plans.clear();
    }
    Ok(workflow)
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ResourceListRequest,
) -> Result<admin::WorkflowList, ServiceError> {
    let id = identity::require_scope(&request)?;
    let listing = Listing::new(&TABLE)
        .with("project", id.project)
        .with("domain", id.domain)
        .with("name", id.name)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListWorkflows")?;
    let page =
        sandbox.store.read(|connection| listing.rows(connection, table::SHORT_COLUMNS, table::read_short))?;
    Ok(admin::WorkflowList { workflows: page.rows, token: page.token })
}

pub(crate) fn ids(
    sandbox: &Sandbox,
    request: admin::NamedEntityIdentifierListRequest,
) -> Result<NamedEntityIdentifierList, ServiceError> {
    task::names(sandbox, &TABLE, &request, "ListWorkflowIds")
}
