//! Projects and domains.

use remote::{
    list::{self, Kind, Query},
    near::nearest,
    proto::admin::{GetDomainRequest, Project},
};

use super::{super::Context, query::ListArgs};
use crate::{
    cli::{
        exit::Exit,
        output::{self, Format},
        report::Failure,
    },
    commands::show,
};

/// Lists projects, or shows one.
pub(super) fn projects(name: Option<&str>, args: &ListArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let mut query = args.query(Kind::Project, true)?;
    if !args.is_given() {
        query.order = None; // the server's own: by name
    }
    let projects = match name {
        // GetProject is younger than many servers.
        Some(name) => {
            let all = session.block_on(list::projects(&session.client, &Query::default()))?;
            let found: Vec<Project> = all.iter().filter(|project| project.id == name).cloned().collect();
            if found.is_empty() {
                return Err(no_project(name, &all));
            }
            found
        }
        None => session.block_on(list::projects(&session.client, &query))?,
    };
    match (format, name) {
        (Format::Table, _) => {
            if !projects.is_empty() {
                output::table(
                    &["PROJECT", "NAME", "STATE", "DOMAINS", "DESCRIPTION"],
                    projects.iter().map(row),
                )?;
            }
            args.tell(projects.len(), "no projects");
            Ok(())
        }
        (Format::Name, _) => show::names(projects.into_iter().map(|project| project.id)),
        (format, Some(_)) => show::message(format, &projects[0]),
        (format, None) => show::messages(format, &projects),
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

fn no_project(name: &str, all: &[Project]) -> Failure {
    let near = nearest(name, all.iter().map(|project| project.id.as_str()));
    Failure::new(Exit::Failed, format!("there is no project `{name}`")).hint(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`flyte-host get projects` lists what there is".to_owned(),
    })
}

/// Lists domains.
pub(super) fn domains(context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let domains = session.block_on(session.client.get_domains(&GetDomainRequest {}))?.domains;
    match format {
        Format::Table => {
            output::table(&["DOMAIN", "NAME"], domains.into_iter().map(|domain| vec![domain.id, domain.name]))
        }
        Format::Name => show::names(domains.into_iter().map(|domain| domain.id)),
        format => show::messages(format, &domains),
    }
}
