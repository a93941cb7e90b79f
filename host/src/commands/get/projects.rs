//! Projects and domains.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    list::{self, ColumnKind},
    proto::admin::{GetDomainRequest, Project},
};

use super::query::ListArgs;
use crate::ui::{error::CommandError, output::Format, show};
use crate::{context::Context, flyte::scope};

#[derive(Args, Debug)]
pub(super) struct ProjectArgs {
    /// Project to show [default: list all]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Args, Debug)]
pub(super) struct DomainArgs {
    /// Domain to show [default: list all]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
}

/// Lists projects, or shows one.
pub(super) async fn projects(args: &ProjectArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let name = args.name.as_deref();
    let ui = context.ui;
    let mut query = args.list.query(ColumnKind::Project, true)?;
    let session = context.session()?;
    if !args.list.has_sort_key() {
        query.order = None; // the server's own: by id
    }
    let projects = match name {
        // Many servers do not have GetProject yet.
        Some(name) => {
            let all = scope::every_project(&session).await?;
            let found: Vec<Project> = all.iter().filter(|project| project.id == name).cloned().collect();
            if found.is_empty() {
                return Err(scope::unknown_project(&session, name, &all));
            }
            found
        }
        None => list::projects(&session.client, &query).await?,
    };
    match (ui.format(), name) {
        (Format::Table, _) => {
            if !projects.is_empty() {
                ui.table(&["PROJECT", "NAME", "STATE", "DOMAINS", "DESCRIPTION"], projects.iter().map(row))?;
            }
            args.list.note_count(ui, projects.len(), "no projects");
            Ok(())
        }
        (Format::Name, _) => ui.names(projects.into_iter().map(|project| project.id)),
        (Format::Json | Format::Yaml, Some(_)) => ui.message(&projects[0]),
        (Format::Json | Format::Yaml, None) => ui.messages(&projects),
    }
}

fn row(project: &Project) -> Vec<String> {
    let domains: Vec<&str> = project.domains.iter().map(|domain| domain.id.as_str()).collect();
    vec![
        project.id.clone(),
        show::or_nothing(&project.name),
        project.state().as_str_name().to_owned(),
        show::or_nothing(&domains.join(", ")),
        show::or_nothing(&project.description),
    ]
}

/// Lists domains, or shows one.
pub(super) async fn domains(args: &DomainArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let name = args.name.as_deref();
    let ui = context.ui;
    let session = context.session()?;
    let mut domains = session.client.get_domains(&GetDomainRequest {}).await?.domains;
    if let Some(name) = name {
        let Some(found) = domains.iter().find(|domain| domain.id == name).cloned() else {
            return Err(scope::unknown_domain(&session, name, &domains));
        };
        domains = vec![found];
    }
    match ui.format() {
        Format::Table => {
            ui.table(&["DOMAIN", "NAME"], domains.into_iter().map(|domain| vec![domain.id, domain.name]))
        }
        Format::Name => ui.names(domains.into_iter().map(|domain| domain.id)),
        Format::Json | Format::Yaml if name.is_some() => ui.message(&domains[0]),
        Format::Json | Format::Yaml => ui.messages(&domains),
    }
}
