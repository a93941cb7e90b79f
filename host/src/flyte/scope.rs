//! Unknown projects and domains: the server returns empty lists for them, and no error.

use flyte_client::{
    list::{self, ColumnKind, Filter, Query},
    proto::admin::{Domain, Project},
};

use super::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit};

/// Checks by one call that the session's project and domain exist; for commands that found nothing there.
///
/// # Errors
///
/// An unknown project or domain. If the projects cannot be listed, there is no error.
pub(crate) async fn check(session: &Session) -> Result<(), CommandError> {
    let Ok(projects) = every_project(session).await else { return Ok(()) };
    let Some(project) = projects.iter().find(|project| project.id == session.project()) else {
        return Err(unknown_project(session, session.project(), &projects));
    };
    let domains = &project.domains;
    if domains.is_empty() || domains.iter().any(|domain| domain.id == session.domain()) {
        return Ok(());
    }
    Err(unknown_domain(session, session.domain(), domains))
}

/// Lists the projects, archived ones included.
///
/// # Errors
///
/// When a call fails.
pub(crate) async fn every_project(
    session: &Session,
) -> Result<Vec<Project>, flyte_client::client::ClientError> {
    // Without a filter for the state, the server leaves out archived projects.
    let filter = Filter::parse(ColumnKind::Project, "state>=0").unwrap_or_default();
    list::projects(&session.client, &Query { filter, ..Query::default() }).await
}

/// The failure of a command about a project that does not exist.
#[must_use]
pub(crate) fn unknown_project(session: &Session, name: &str, all: &[Project]) -> CommandError {
    let near = flyte_text::closest(name, all.iter().map(|project| project.id.as_str()));
    CommandError::new(Exit::Failed, format!("project `{name}` not found")).hint(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("run `{}` to list the projects", session.server_command(&["get", "projects"])),
    })
}

/// The failure of a command about a domain that does not exist.
#[must_use]
pub(crate) fn unknown_domain(session: &Session, name: &str, all: &[Domain]) -> CommandError {
    let near = flyte_text::closest(name, all.iter().map(|domain| domain.id.as_str()));
    CommandError::new(Exit::Failed, format!("domain `{name}` not found")).hint(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("run `{}` to list the domains", session.server_command(&["get", "domains"])),
    })
}
