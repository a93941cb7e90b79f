//! Descriptions of tasks and workflows, which are registered with them.

use flyte_client::{
    Code, Status,
    proto::{
        admin::{self, DescriptionEntity, NamedEntityIdentifier},
        core::ResourceType,
    },
};

use crate::{
    Sandbox, identity,
    list::{Column, Listing, Table},
    service_error::{ServiceError, invalid},
    store::description as table,
};

const COLUMNS: &[Column] = &[
    Column::integer("resource_type"),
    Column::text("project"),
    Column::text("domain"),
    Column::text("name"),
    Column::text("version"),
    Column::text("short_description"),
    Column::bytes("long_description"),
    Column::text("link"),
];

/// Descriptions, for lists: their filters are those of the described entities.
const fn described(entity: &'static str) -> Table {
    Table { entity, name: "description_entities", from: "description_entities", columns: COLUMNS, joins: &[] }
}

static TASKS: Table = described("task");
static WORKFLOWS: Table = described("workflow");

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::ObjectGetRequest,
) -> Result<DescriptionEntity, ServiceError> {
    let mut id = identity::require_complete(request.id, ResourceType::Unspecified)?;
    if id.resource_type() == ResourceType::Unspecified {
        id.set_resource_type(ResourceType::Task);
    }
    let found = sandbox.store.read(|connection| table::find(connection, &id))?;
    found.ok_or_else(|| Status::new(Code::NotFound, "entry not found").into())
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::DescriptionEntityListRequest,
) -> Result<admin::DescriptionEntityList, ServiceError> {
    let kind = match request.resource_type() {
        ResourceType::Unspecified => ResourceType::Task,
        kind => kind,
    };
    let NamedEntityIdentifier { project, domain, name, .. } = identity::require_name(request.id)?;
    let table = match kind {
        ResourceType::Workflow => &WORKFLOWS,
        ResourceType::Task => &TASKS,
        other => return Err(invalid(format!("a {} has no description", other.as_str_name().to_lowercase()))),
    };
    let listing = Listing::new(table)
        .with("resource_type", i64::from(i32::from(kind)))
        .with("project", project)
        .with("domain", domain)
        .with("name", name)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListDescriptionEntities")?;
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(admin::DescriptionEntityList { description_entities: page.rows, token: page.token })
}
