//! Tasks.

use flyte_client::proto::{
    admin::{self, NamedEntityIdentifier, NamedEntityIdentifierList},
    core::{CompiledTask, ResourceType, TaskTemplate, task_template::Target},
};

use super::{difference, project, resources};
use crate::{
    Sandbox, identity,
    list::{Column, Listing, Table},
    service_error::{ServiceError, filled, invalid, not_found, required},
    store::{task as table, time},
};

/// Tasks, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "task",
    name: "tasks",
    from: "tasks",
    columns: &[
        Column::text("project"),
        Column::text("domain"),
        Column::text("name"),
        Column::text("version"),
        Column::bytes("closure"),
        Column::bytes("digest"),
        Column::text("type"),
        Column::text("short_description"),
    ],
    joins: &[],
};

pub(crate) fn create(
    sandbox: &Sandbox,
    request: admin::TaskCreateRequest,
) -> Result<admin::TaskCreateResponse, ServiceError> {
    let id = identity::require_kind(request.id, ResourceType::Task)?;
    let description = request.spec.as_ref().and_then(|spec| spec.description.as_ref());
    let description = description.map_or(String::new(), |entity| entity.short_description.clone());
    sandbox.store.write(|transaction| {
        project::check_active(transaction, &id.project, &id.domain)?;
        let mut template = required(request.spec.and_then(|spec| spec.template), "spec")?;
        template.id = Some(id.clone());
        validate(&template)?;
        let task = CompiledTask { template: Some(template) };
        let digest = difference::digest(&task);
        if let Some(present) = table::digest(transaction, &id)? {
            if present == digest {
                return Err(ServiceError::from(difference::identical("task")));
            }
            let old = table::find(transaction, &id)?.and_then(|old| old.closure?.compiled_task);
            return Err(difference::different("task", &id.name, &old.unwrap_or_default(), &task).into());
        }
        let closure = admin::TaskClosure {
            compiled_task: Some(task),
            created_at: time::message_from_text(&time::now_text()),
        };
        Ok(table::insert(transaction, &id, &closure, &digest, &description)?)
    })?;
    Ok(admin::TaskCreateResponse {})
}

pub(crate) fn get(sandbox: &Sandbox, request: admin::ObjectGetRequest) -> Result<admin::Task, ServiceError> {
    let id = identity::require_complete(request.id, ResourceType::Task)?;
    let task = sandbox.store.read(|connection| table::find(connection, &id))?;
    task.ok_or_else(|| not_found("TASK", identity::IdentifierText(&identity::without_kind(&id))))
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ResourceListRequest,
) -> Result<admin::TaskList, ServiceError> {
    let id = identity::require_scope(&request)?;
    let listing = Listing::new(&TABLE)
        .with("project", id.project)
        .with("domain", id.domain)
        .with("name", id.name)
        .page(request.limit, &request.token, "ListTasks")?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?;
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(admin::TaskList { tasks: page.rows, token: page.token })
}

pub(crate) fn ids(
    sandbox: &Sandbox,
    request: admin::NamedEntityIdentifierListRequest,
) -> Result<NamedEntityIdentifierList, ServiceError> {
    names(sandbox, &TABLE, &request, "ListTaskIds")
}

/// The names that a table has in a project and domain, each once.
pub(crate) fn names(
    sandbox: &Sandbox,
    table: &'static Table,
    request: &admin::NamedEntityIdentifierListRequest,
    call: &str,
) -> Result<NamedEntityIdentifierList, ServiceError> {
    identity::check_scope(request)?;
    let listing = Listing::new(table)
        .with("project", request.project.clone())
        .with("domain", request.domain.clone())
        .grouped("project, domain, name")
        .ordered("name")
        .page(request.limit, &request.token, call)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?;
    let page = sandbox.store.read(|connection| {
        listing.rows(connection, &format!("{0}.project, {0}.domain, {0}.name", table.name), |row| {
            Ok(NamedEntityIdentifier {
                project: row.get(0)?,
                domain: row.get(1)?,
                name: row.get(2)?,
                ..Default::default()
            })
        })
    })?;
    Ok(NamedEntityIdentifierList { entities: page.rows, token: page.token })
}

fn validate(template: &TaskTemplate) -> Result<(), ServiceError> {
    filled(&template.r#type, "type")?;
    let metadata = required(template.metadata.as_ref(), "metadata")?;
    if let Some(runtime) = &metadata.runtime {
        filled(&runtime.version, "runtime version")?;
    }
    required(template.interface.as_ref(), "typed interface")?;
    let kind = &template.r#type;
    match &template.target {
        Some(Target::Container(container)) => {
            filled(&container.image, "image")?;
            resources::validate(template.id.as_ref(), container.resources.as_ref())
        }
        Some(Target::K8sPod(_)) => Err(unsupported(kind, "a Kubernetes pod")),
        Some(Target::Sql(_)) => Err(unsupported(kind, "an SQL statement")),
        None => Err(unsupported(kind, "nothing")),
    }
}

fn unsupported(kind: &str, target: &str) -> ServiceError {
    invalid(format!(
        "tasks of type `{kind}` with {target} to run do not run in the sandbox yet: it runs tasks with a container"
    ))
}
