//! Named entities: the description and state of a name, for all its versions.

use flyte_client::{
    Code, Status,
    proto::{
        admin::{self, NamedEntity, NamedEntityIdentifier},
        core::ResourceType,
    },
};
use rusqlite::Connection;

use crate::{
    Sandbox, identity,
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, filled, invalid, required},
    store::named_entity as table,
};

const COLUMNS: &[Column] = &[
    Column::integer("resource_type"),
    Column::text("project"),
    Column::text("domain"),
    Column::text("name"),
    Column::text("description"),
    Column::integer("state"),
];

static METADATA: Table = Table {
    entity: "named_entity_metadata",
    name: "named_entity_metadata",
    from: "named_entity_metadata",
    columns: COLUMNS,
    joins: &[],
};

const JOINS: &[Join] = &[Join {
    table: &METADATA,
    on: "named_entity_metadata.resource_type = entities.resource_type
         AND named_entity_metadata.project = entities.project
         AND named_entity_metadata.domain = entities.domain
         AND named_entity_metadata.name = entities.name",
}];

/// The names of one table with their metadata.
macro_rules! names_of {
    ($table:literal, $kind:literal) => {
        Table {
            entity: "entities",
            name: "entities",
            from: concat!(
                "(SELECT MIN(named.id) AS id, ", $kind, " AS resource_type, named.project, named.domain, named.name,
                     COALESCE(metadata.description, '') AS description, COALESCE(metadata.state, 0) AS state,
                     MIN(named.created_at) AS created_at, MAX(named.updated_at) AS updated_at, NULL AS deleted_at
                 FROM ", $table, " AS named LEFT JOIN named_entity_metadata AS metadata
                     ON metadata.resource_type = ", $kind, " AND metadata.project = named.project
                     AND metadata.domain = named.domain AND metadata.name = named.name
                 GROUP BY named.project, named.domain, named.name) AS entities"
            ),
            columns: COLUMNS,
            joins: JOINS,
        }
    };
}

static TASKS: Table = names_of!("tasks", 1);
static WORKFLOWS: Table = names_of!("workflows", 2);
static LAUNCH_PLANS: Table = names_of!("launch_plans", 3);

pub(crate) fn get(
    sandbox: &Sandbox,
    request: admin::NamedEntityGetRequest,
) -> Result<NamedEntity, ServiceError> {
    let kind = request.resource_type();
    let names = names(kind)?;
    let id = identity::require_name(request.id)?;
    sandbox.store.read(|connection| find(connection, names, &id))?.ok_or_else(missing)
}

pub(crate) fn update(
    sandbox: &Sandbox,
    request: admin::NamedEntityUpdateRequest,
) -> Result<admin::NamedEntityUpdateResponse, ServiceError> {
    let kind = request.resource_type();
    let names = names(kind)?;
    let id = identity::require_name(request.id)?;
    let metadata = required(request.metadata, "metadata")?;
    sandbox.store.write(|transaction| {
        find(transaction, names, &id)?.ok_or_else(missing)?;
        Ok::<_, ServiceError>(table::set(transaction, kind, &id, &metadata)?)
    })?;
    Ok(admin::NamedEntityUpdateResponse {})
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::NamedEntityListRequest,
) -> Result<admin::NamedEntityList, ServiceError> {
    let names = names(request.resource_type())?;
    filled(&request.project, "project")?;
    filled(&request.domain, "domain")?;
    let mut listing = Listing::new(names)
        .with("project", request.project)
        .with("domain", request.domain)
        .ordered("name")
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListNamedEntities")?;
    if request.filters.is_empty() {
        listing = listing.only("entities.name NOT LIKE '.flytegen%'"); // generated for single tasks
    }
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(admin::NamedEntityList { entities: page.rows, token: page.token })
}

fn names(kind: ResourceType) -> Result<&'static Table, ServiceError> {
    match kind {
        ResourceType::Task => Ok(&TASKS),
        ResourceType::Workflow => Ok(&WORKFLOWS),
        ResourceType::LaunchPlan => Ok(&LAUNCH_PLANS),
        ResourceType::Unspecified | ResourceType::Dataset => Err(invalid("invalid value for resource_type")),
    }
}

fn find(
    connection: &Connection,
    names: &'static Table,
    id: &NamedEntityIdentifier,
) -> Result<Option<NamedEntity>, ServiceError> {
    let listing = Listing::new(names)
        .with("project", id.project.clone())
        .with("domain", id.domain.clone())
        .with("name", id.name.clone());
    Ok(listing.rows(connection, table::COLUMNS, table::read)?.rows.pop())
}

fn missing() -> ServiceError {
    Status::new(Code::NotFound, "entry not found").into()
}
