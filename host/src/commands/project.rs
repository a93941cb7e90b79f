//! `project`: creates, updates, archives and activates projects.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use flyte_client::{
    Code,
    proto::admin::{Labels, Project, ProjectListRequest, ProjectRegisterRequest, project::ProjectState},
    proto::json::to_json,
};

use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};
use crate::{
    context::Context,
    flyte::session::Session,
    ui::pair::{check_given_once, pair},
};

/// Create, update and archive projects
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host project create data --name \"Data platform\"\n  flyte-host project archive data"
)]
pub(crate) struct ProjectArgs {
    #[command(subcommand)]
    command: ProjectCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectCommand {
    /// Restore an archived project
    #[command(after_help = "Example:\n  flyte-host project activate data")]
    Activate(ProjectIdArg),
    /// Archive a project: it is hidden and accepts no new entities
    #[command(after_help = "Example:\n  flyte-host project archive data")]
    Archive(ProjectIdArg),
    /// Create a project with the domains of the server
    #[command(after_help = "Examples:\n  \
        flyte-host project create data\n  \
        flyte-host project create data --name \"Data platform\" --labels team=data")]
    Create(ProjectFields),
    /// Update a project; omitted fields are unchanged
    #[command(after_help = "Example:\n  flyte-host project update data --description \"Of the data team\"")]
    Update(ProjectFields),
}

#[derive(Args, Debug)]
struct ProjectIdArg {
    /// Id of the project
    #[arg(value_name = "ID", required_unless_present = "id", conflicts_with = "id")]
    project_id: Option<String>,

    /// Id of the project, as in flytectl
    #[arg(long, hide = true, value_name = "ID")]
    id: Option<String>,
}

impl ProjectIdArg {
    fn get(&self) -> &str {
        self.project_id.as_deref().or(self.id.as_deref()).unwrap_or_default()
    }
}

#[derive(Args, Debug)]
struct ProjectFields {
    #[command(flatten)]
    id: ProjectIdArg,

    /// Display name [default of a new project: its id]
    #[arg(long)]
    name: Option<String>,

    /// Description
    #[arg(long)]
    description: Option<String>,

    /// Labels; existing labels are replaced
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    labels: Vec<(String, String)>,
}

impl ProjectFields {
    fn labels(&self) -> Option<Labels> {
        let values: BTreeMap<String, String> = self.labels.iter().cloned().collect();
        (!values.is_empty()).then_some(Labels { values })
    }
}

/// Runs `project`.
///
/// # Errors
///
/// An invalid command line, or a call that failed.
pub(crate) async fn run(args: &ProjectArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    if let ProjectCommand::Update(ProjectFields { name: None, description: None, labels, .. }) = &args.command
        && labels.is_empty()
    {
        return Err(CommandError::new(Exit::Usage, "nothing to update")
            .hint("add `--name`, `--description` or `--labels`".to_owned()));
    }
    if let ProjectCommand::Create(fields) | ProjectCommand::Update(fields) = &args.command {
        check_given_once("--labels", &fields.labels)?;
    }
    let session = context.session()?;
    let id = match &args.command {
        ProjectCommand::Activate(id) => set_state(&session, id.get(), activated).await?,
        ProjectCommand::Archive(id) => set_state(&session, id.get(), archived).await?,
        ProjectCommand::Create(fields) => create(&session, fields).await?,
        ProjectCommand::Update(fields) => update(&session, fields).await?,
    };
    print(ui, &find(&session, id).await?)
}

async fn create<'a>(session: &Session, fields: &'a ProjectFields) -> Result<&'a str, CommandError> {
    let id = fields.id.get();
    let project = Project {
        id: id.to_owned(),
        name: fields.name.clone().unwrap_or_else(|| id.to_owned()),
        description: fields.description.clone().unwrap_or_default(),
        labels: fields.labels(),
        ..Project::default()
    };
    let exists = || {
        CommandError::new(Exit::Failed, format!("project `{id}` already exists"))
            .hint(format!("run `{}` to update it", session.server_command(&["project", "update", id])))
    };
    // Checked first, so that after a lost answer an existing project is not taken for the new one.
    if find_optional(session, id).await?.is_some() {
        return Err(exists());
    }
    let request = ProjectRegisterRequest { project: Some(project) };
    match session.client.register_project(&request).await {
        Ok(_) => Ok(id),
        Err(error) if error.status.code == Code::AlreadyExists => Err(exists()),
        Err(error) => Err(error.into()),
    }
}

async fn update<'a>(session: &Session, fields: &'a ProjectFields) -> Result<&'a str, CommandError> {
    let id = fields.id.get();
    let state = find(session, id).await?.state;
    update_project(
        session,
        Project {
            id: id.to_owned(),
            name: fields.name.clone().unwrap_or_default(),
            description: fields.description.clone().unwrap_or_default(),
            labels: fields.labels(),
            state,
            ..Project::default()
        },
    )
    .await?;
    Ok(id)
}

async fn set_state<'a>(
    session: &Session,
    id: &'a str,
    state: impl Fn(ProjectState) -> ProjectState,
) -> Result<&'a str, CommandError> {
    let state = state(find(session, id).await?.state());
    update_project(session, Project { id: id.to_owned(), state: state.into(), ..Project::default() }).await?;
    Ok(id)
}

fn archived(state: ProjectState) -> ProjectState {
    match state {
        ProjectState::Active | ProjectState::Archived => ProjectState::Archived,
        ProjectState::SystemGenerated | ProjectState::SystemArchived => ProjectState::SystemArchived,
    }
}

fn activated(state: ProjectState) -> ProjectState {
    match state {
        ProjectState::Active | ProjectState::Archived => ProjectState::Active,
        ProjectState::SystemGenerated | ProjectState::SystemArchived => ProjectState::SystemGenerated,
    }
}

/// Updates a project. The server does not change fields that are empty in the request, but always writes the
/// state (`flyteadmin/pkg/manager/impl/project_manager.go`).
async fn update_project(session: &Session, project: Project) -> Result<(), CommandError> {
    session.client.update_project(&project).await.map(drop).map_err(CommandError::from)
}

/// Reads a project, archived ones included.
async fn find_optional(session: &Session, id: &str) -> Result<Option<Project>, CommandError> {
    let request = ProjectListRequest {
        limit: 1,
        filters: format!("eq(identifier,{id})"),
        ..ProjectListRequest::default()
    };
    let answer = session.client.list_projects(&request).await?;
    Ok(answer.projects.into_iter().find(|project| project.id == id))
}

async fn find(session: &Session, id: &str) -> Result<Project, CommandError> {
    find_optional(session, id).await?.ok_or_else(|| {
        CommandError::new(Exit::Failed, format!("project `{id}` not found")).hint(format!(
            "run `{}` to list the projects, or `{}` to create it",
            session.server_command(&["get", "projects"]),
            session.server_command(&["project", "create", id])
        ))
    })
}

fn print(ui: &Ui, project: &Project) -> Result<(), CommandError> {
    match ui.format() {
        Format::Name => ui.print(format_args!("{}\n", project.id)),
        Format::Table => {
            let row = [&project.id, &project.name, project.state().as_str_name(), &project.description];
            let row = row.map(|cell| if cell.is_empty() { "-".to_owned() } else { cell.to_owned() });
            ui.table(&["PROJECT", "NAME", "STATE", "DESCRIPTION"], [row.to_vec()])
        }
        Format::Json | Format::Yaml => {
            let value = to_json(project).map_err(|error| CommandError::from_error(Exit::Internal, error))?;
            ui.structured(&value)
        }
    }
}
