//! Projects and domains.

use flyte_client::{
    Code, Status,
    proto::admin::{self, Project, project::ProjectState},
};
use rusqlite::Connection;

use super::labels;
use crate::{
    Sandbox,
    list::{Column, Listing, Table},
    service_error::{ServiceError, filled, invalid, required},
    store::project as table,
};

/// The domains that every project has: FlyteAdmin's defaults.
const DOMAINS: &[&str] = &["development", "staging", "production"];

const LONGEST_NAME: usize = 64;
const LONGEST_DESCRIPTION: usize = 300;

static TABLE: Table = Table {
    entity: "project",
    name: "projects",
    from: "projects",
    columns: &[
        Column::text("identifier"),
        Column::text("name"),
        Column::text("description"),
        Column::bytes("labels"),
        Column::integer("state"),
    ],
    joins: &[],
};

pub(crate) fn register(
    sandbox: &Sandbox,
    request: admin::ProjectRegisterRequest,
) -> Result<admin::ProjectRegisterResponse, ServiceError> {
    let project = required(request.project, "project")?;
    filled(&project.name, "project_name")?;
    validate(&project)?;
    sandbox.store.write(|transaction| {
        if table::insert(transaction, &project)? { Ok(()) } else { Err(taken("projects_pkey")) }
    })?;
    Ok(admin::ProjectRegisterResponse {})
}

/// Empty name and description keep the old ones, absent labels too; the state is always written, as
/// FlyteAdmin does.
pub(crate) fn update(
    sandbox: &Sandbox,
    request: Project,
) -> Result<admin::ProjectUpdateResponse, ServiceError> {
    filled(&request.id, "project_id")?;
    sandbox.store.write(|transaction| {
        let mut project = table::find(transaction, &request.id)?.ok_or_else(|| unknown(&request.id))?;
        validate(&request)?;
        if !request.name.is_empty() {
            project.name = request.name;
        }
        if !request.description.is_empty() {
            project.description = request.description;
        }
        if request.labels.is_some() {
            project.labels = request.labels;
        }
        project.state = request.state;
        Ok::<_, ServiceError>(table::update(transaction, &project)?)
    })?;
    Ok(admin::ProjectUpdateResponse {})
}

pub(crate) fn get(sandbox: &Sandbox, request: admin::ProjectGetRequest) -> Result<Project, ServiceError> {
    filled(&request.id, "project_id")?;
    let project = sandbox.store.read(|connection| table::find(connection, &request.id))?;
    Ok(with_domains(project.ok_or_else(|| unknown(&request.id))?))
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ProjectListRequest,
) -> Result<admin::Projects, ServiceError> {
    let mut listing = Listing::new(&TABLE)
        .ordered("identifier")
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .limit_or_all(request.limit)
        .token(&request.token, "ListProjects")?;
    if request.filters.is_empty() {
        listing = listing.only("projects.state NOT IN (1, 3)"); // the archived ones
    }
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(admin::Projects { projects: page.rows.into_iter().map(with_domains).collect(), token: page.token })
}

pub(crate) fn domains(
    _: &Sandbox,
    _: admin::GetDomainRequest,
) -> Result<admin::GetDomainsResponse, ServiceError> {
    Ok(admin::GetDomainsResponse { domains: all_domains() })
}

/// Checks that a project and domain exist and are active.
pub(crate) fn check_active(connection: &Connection, project: &str, domain: &str) -> Result<(), ServiceError> {
    let found = table::find(connection, project)?.ok_or_else(|| {
        invalid(format!(
            "failed to validate that project [{project}] and domain [{domain}] are registered, err: [project [{project}] not found]"
        ))
    })?;
    if found.state() != ProjectState::Active {
        let status = Status::new(Code::InvalidArgument, format!("project [{project}] is not active"));
        let detail = admin::InactiveProject { id: project.to_owned(), ..Default::default() };
        return Err(status.with_detail(&detail).into());
    }
    if !DOMAINS.contains(&domain) {
        return Err(invalid(format!("domain [{domain}] is unrecognized by system")));
    }
    Ok(())
}

/// Checks that a project exists and is active, whatever the domain.
pub(crate) fn check_changeable(connection: &Connection, id: &str) -> Result<(), ServiceError> {
    let found = table::find(connection, id)?.ok_or_else(|| {
        invalid(format!(
            "failed to validate that project [{id}] is registered, err: [project [{id}] not found]"
        ))
    })?;
    match found.state() {
        ProjectState::Active => Ok(()),
        _ => Err(invalid(format!("project [{id}] is not active"))),
    }
}

/// Checks that a project exists.
pub(crate) fn check_exists(connection: &Connection, id: &str) -> Result<(), ServiceError> {
    table::find(connection, id)?.map(drop).ok_or_else(|| {
        invalid(format!("failed to validate that project [{id}] exists, err: [project [{id}] not found]"))
    })
}

/// ALREADY_EXISTS for the key of a table, as FlyteAdmin's database words it.
pub(crate) fn taken(constraint: &str) -> ServiceError {
    let message = format!(
        "value with matching already exists (duplicate key value violates unique constraint \"{constraint}\")"
    );
    Status::new(Code::AlreadyExists, message).into()
}

fn unknown(id: &str) -> ServiceError {
    Status::new(Code::NotFound, format!("project [{id}] not found")).into()
}

fn all_domains() -> Vec<admin::Domain> {
    DOMAINS.iter().map(|id| admin::Domain { id: (*id).to_owned(), name: (*id).to_owned() }).collect()
}

fn with_domains(project: Project) -> Project {
    Project { domains: all_domains(), ..project }
}

fn validate(project: &Project) -> Result<(), ServiceError> {
    filled(&project.id, "project_id")?;
    labels::validate(project.labels.as_ref())?;
    if let Some(problem) = labels::dns_label_problem(&project.id) {
        return Err(invalid(format!("invalid project id [{}]: [{problem}]", project.id)));
    }
    for (field, text, longest) in [
        ("project_name", &project.name, LONGEST_NAME),
        ("project_description", &project.description, LONGEST_DESCRIPTION),
    ] {
        if text.len() > longest {
            return Err(invalid(format!("{field} cannot exceed {longest} characters")));
        }
    }
    if !project.domains.is_empty() {
        return Err(invalid(
            "Domains are currently only set system wide. Please retry without domains included in your request.",
        ));
    }
    Ok(())
}
