//! Tasks.

use flyte_client::proto::{
    admin::{self, NamedEntityIdentifier, NamedEntityIdentifierList},
    core::{
        CompiledTask, Container, ResourceType, TaskTemplate, TypedInterface, VariableMap,
        task_template::Target,
    },
};

use super::{difference, project, resources};
use crate::{
    Sandbox, identity,
    list::{Column, Listing, Table},
    service_error::{ServiceError, filled, invalid, not_found, required},
    store::{description as descriptions, task as table, time},
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
    sandbox.store.write(|transaction| {
        project::check_active(transaction, &id.project, &id.domain)?;
        let spec = required(request.spec, "spec")?;
        let mut template = required(spec.template, "spec")?;
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
        let short_description = spec.description.as_ref().map_or("", |entity| &entity.short_description);
        table::insert(transaction, &id, &closure, &digest, short_description)?;
        let description = spec.description.as_ref();
        Ok(description.map_or(Ok(()), |entity| descriptions::insert(transaction, &id, entity))?)
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
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListTasks")?;
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(admin::TaskList { tasks: page.rows, token: page.token })
}

pub(crate) fn ids(
    sandbox: &Sandbox,
    request: admin::NamedEntityIdentifierListRequest,
) -> Result<NamedEntityIdentifierList, ServiceError> {
    names(sandbox, &TABLE, &request, "ListTaskIds")
}

/// The names that a table has in a project and domain, each once. Filters have no effect, as in FlyteAdmin.
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
        .limit(request.limit)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, call)?;
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
    let interface = required(template.interface.as_ref(), "typed interface")?;
    // What cannot run here is registered, and fails when it runs.
    match &template.target {
        Some(Target::Container(container)) => {
            filled(&container.image, "image")?;
            resources::validate(template.id.as_ref(), container.resources.as_ref())?;
            check_command(interface, container)
        }
        Some(Target::K8sPod(pod)) if pod.pod_spec.is_none() => Err(invalid(
            "invalid TaskSpecification, pod tasks should specify their target as a K8sPod with a defined pod spec",
        )),
        Some(Target::K8sPod(pod)) => resources::validate_pod(&pod.pod_spec.clone().unwrap_or_default()),
        Some(Target::Sql(_)) | None => Ok(()),
    }
}

/// A container with inputs or outputs needs a command or arguments that refer to them.
fn check_command(interface: &TypedInterface, container: &Container) -> Result<(), ServiceError> {
    let is_some = |map: &Option<VariableMap>| map.as_ref().is_some_and(|map| !map.variables.is_empty());
    if (!is_some(&interface.inputs) && !is_some(&interface.outputs))
        || !container.command.is_empty()
        || !container.args.is_empty()
    {
        return Ok(());
    }
    Err(invalid(
        "task failed compilation with Collected Errors: 1\n\tError 0: Code: ValueRequired, Node Id: container, \
         Description: Value required [command].\n",
    ))
}
