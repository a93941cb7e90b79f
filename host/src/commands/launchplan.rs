//! `launchplan`: says which version of a launch plan is the active one.

use clap::{Args, Subcommand};
use remote::{
    Code,
    list::{self, Query},
    proto::{
        admin::{
            ActiveLaunchPlanRequest, LaunchPlan, LaunchPlanClosure, LaunchPlanState, LaunchPlanUpdateRequest,
            ObjectGetRequest,
        },
        core::{Identifier, ResourceType},
    },
    register::to_json,
};

use super::{Context, get::details, session::Session, show};
use crate::cli::{
    exit::Exit,
    output::{self, Format},
    report::Failure,
};

/// Activate and deactivate launch plans
///
/// One version of a launch plan at most is active; its schedule runs.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host launchplan activate nightly\n  flyte-host launchplan deactivate nightly"
)]
pub struct LaunchplanArgs {
    #[command(subcommand)]
    command: LaunchplanCommand,
}

#[derive(Debug, Subcommand)]
enum LaunchplanCommand {
    /// Make a version the active one, instead of the one that is; without a version, the newest
    #[command(after_help = "Examples:\n  \
        flyte-host launchplan activate nightly\n  \
        flyte-host launchplan activate nightly v2")]
    Activate(Which),
    /// Make a version inactive; without a version, the active one
    #[command(after_help = "Example:\n  flyte-host launchplan deactivate nightly")]
    Deactivate(Which),
}

#[derive(Args, Debug)]
struct Which {
    /// Name of the launch plan
    name: String,

    /// Version
    #[arg(value_name = "VERSION", id = "launch_plan_version")]
    version: Option<String>,
}

/// Runs `launchplan`.
///
/// # Errors
///
/// When there is no such launch plan, the server refuses, or it cannot be asked.
pub fn run(args: &LaunchplanArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let plan = session.block_on(async {
        match &args.command {
            LaunchplanCommand::Activate(which) => {
                let id = newest_or(&session, which).await?;
                set(&session, which, id, LaunchPlanState::Active).await
            }
            LaunchplanCommand::Deactivate(which) => {
                let id = active_or(&session, which).await?;
                set(&session, which, id, LaunchPlanState::Inactive).await
            }
        }
    })?;
    print(format, &plan)
}

async fn newest_or(session: &Session, which: &Which) -> Result<Identifier, Failure> {
    if let Some(version) = &which.version {
        return Ok(identifier(session, which, version));
    }
    let name = list::named(session.project(), session.domain(), &which.name);
    let newest = list::launch_plans(&session.client, &name, &Query::newest(), |_| true).await?;
    newest.into_iter().next().and_then(|plan| plan.id).ok_or_else(|| missing(session, which))
}

async fn active_or(session: &Session, which: &Which) -> Result<Identifier, Failure> {
    if let Some(version) = &which.version {
        return Ok(identifier(session, which, version));
    }
    let id = list::named(session.project(), session.domain(), &which.name);
    match session.client.get_active_launch_plan(&ActiveLaunchPlanRequest { id: Some(id) }).await {
        Ok(plan) => plan.id.ok_or_else(|| missing(session, which)),
        Err(error) if error.status.code == Code::NotFound => {
            Err(Failure::new(Exit::Failed, format!("no version of launch plan `{}` is active", which.name)))
        }
        Err(error) => Err(error.into()),
    }
}

fn identifier(session: &Session, which: &Which, version: &str) -> Identifier {
    Identifier {
        resource_type: ResourceType::LaunchPlan.into(),
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: which.name.clone(),
        version: version.to_owned(),
        ..Identifier::default()
    }
}

/// Changes the state, and reads what came of it.
async fn set(
    session: &Session,
    which: &Which,
    id: Identifier,
    state: LaunchPlanState,
) -> Result<LaunchPlan, Failure> {
    let absent = |error: remote::client::Error| match error.status.code {
        Code::NotFound => missing(session, which),
        _ => error.into(),
    };
    let request = LaunchPlanUpdateRequest { id: Some(id.clone()), state: state.into() };
    session.client.update_launch_plan(&request).await.map_err(absent)?;
    session.client.get_launch_plan(&ObjectGetRequest { id: Some(id) }).await.map_err(absent)
}

fn missing(session: &Session, which: &Which) -> Failure {
    let version = which.version.as_ref().map(|version| format!(" in version `{version}`"));
    Failure::new(
        Exit::Failed,
        format!(
            "there is no launch plan `{}`{} in project `{}`, domain `{}`",
            which.name,
            version.unwrap_or_default(),
            session.project(),
            session.domain()
        ),
    )
    .hint("`flyte-host get launch-plans` lists what there is".to_owned())
}

fn print(format: Format, plan: &LaunchPlan) -> Result<(), Failure> {
    let id = plan.id.clone().unwrap_or_default();
    match format {
        Format::Name => output::print(&format!("{}\n", id.name)),
        Format::Table => {
            let state = plan.closure.as_ref().map(LaunchPlanClosure::state).unwrap_or_default();
            let schedule = show::or_nothing(&details::schedule(plan));
            let row = vec![id.name, id.version, state.as_str_name().to_owned(), schedule];
            output::table(&["NAME", "VERSION", "STATE", "SCHEDULE"], [row])
        }
        format => {
            let value = to_json(plan).map_err(|error| Failure::from_error(Exit::Internal, &error))?;
            output::structured(format, &value)
        }
    }
}
