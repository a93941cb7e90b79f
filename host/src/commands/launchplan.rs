//! `launchplan`: activates and deactivates versions of launch plans.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use flyte_client::{
    Code, list,
    proto::json::to_json,
    proto::{
        admin::{
            ActiveLaunchPlanRequest, LaunchPlan, LaunchPlanClosure, LaunchPlanState, LaunchPlanUpdateRequest,
            ObjectGetRequest,
        },
        core::{Identifier, ResourceType},
    },
    schedule,
};

use super::get::details;
use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};
use crate::{
    context::Context,
    flyte::{
        entity::{self, VersionedName},
        session::Session,
    },
    ui::show,
};

/// Activate and deactivate launch plans
///
/// At most one version of a launch plan is active; only its schedule runs.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host launchplan activate nightly\n  flyte-host launchplan deactivate nightly"
)]
pub(crate) struct LaunchplanArgs {
    #[command(subcommand)]
    command: LaunchplanCommand,
}

#[derive(Debug, Subcommand)]
enum LaunchplanCommand {
    /// Activate a version and deactivate the active one [default: the newest]
    #[command(after_help = "Examples:\n  \
        flyte-host launchplan activate nightly\n  \
        flyte-host launchplan activate nightly:v2")]
    Activate(LaunchPlanArg),
    /// Deactivate a version [default: the active one]
    #[command(after_help = "Example:\n  flyte-host launchplan deactivate nightly")]
    Deactivate(LaunchPlanArg),
}

#[derive(Args, Debug)]
struct LaunchPlanArg {
    /// Launch plan, as NAME or NAME:VERSION
    name: VersionedName,

    /// Version
    #[arg(value_name = "VERSION", id = "launch_plan_version", value_parser = NonEmptyStringValueParser::new())]
    version: Option<String>,
}

impl LaunchPlanArg {
    fn wanted(&self) -> Result<VersionedName, CommandError> {
        self.name.with_version(self.version.as_ref())
    }
}

/// Runs `launchplan`.
///
/// # Errors
///
/// A missing launch plan, or a call that failed.
pub(crate) async fn run(args: &LaunchplanArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let plan = match &args.command {
        LaunchplanCommand::Activate(plan) => {
            let id = named_or_newest(&session, &plan.wanted()?).await?;
            set_state(&session, id, LaunchPlanState::Active).await?
        }
        LaunchplanCommand::Deactivate(plan) => {
            let id = named_or_active(&session, &plan.wanted()?).await?;
            set_state(&session, id, LaunchPlanState::Inactive).await?
        }
    };
    print(ui, &plan)?;
    if matches!(args.command, LaunchplanCommand::Activate(_)) {
        note_schedule(ui, &session, &plan);
    }
    Ok(())
}

/// Says when the schedule of an activated launch plan starts nothing.
fn note_schedule(ui: &Ui, session: &Session, plan: &LaunchPlan) {
    let name = plan.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
    if let Some(reason) = plan.spec.as_ref().and_then(schedule::never_fires) {
        ui.note(format_args!("warning: the schedule of launch plan `{name}` never fires: {reason}\n"));
    } else if !details::schedule(plan).is_empty() && session.is_unserved_sandbox() {
        ui.note(format_args!(
            "the schedule of launch plan `{name}` starts executions while the sandbox is served; \
             run `flyte-host sandbox start`\n"
        ));
    }
}

/// The named version, else the newest.
async fn named_or_newest(session: &Session, wanted: &VersionedName) -> Result<Identifier, CommandError> {
    Ok(entity::find::<LaunchPlan>(session, wanted).await?.id.unwrap_or_default())
}

/// The named version, else the active one.
async fn named_or_active(session: &Session, wanted: &VersionedName) -> Result<Identifier, CommandError> {
    if wanted.version.is_some() {
        return named_or_newest(session, wanted).await;
    }
    let id = list::named(session.project(), session.domain(), &wanted.name);
    match session.client.get_active_launch_plan(&ActiveLaunchPlanRequest { id: Some(id) }).await {
        Ok(plan) => Ok(plan.id.unwrap_or_default()),
        Err(error) if error.status.code == Code::NotFound => {
            // An unknown name gets its own error.
            named_or_newest(session, wanted).await?;
            Err(CommandError::new(
                Exit::Failed,
                format!("no version of launch plan `{}` is active", wanted.name),
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// Changes the state, then reads the launch plan.
async fn set_state(
    session: &Session,
    id: Identifier,
    state: LaunchPlanState,
) -> Result<LaunchPlan, CommandError> {
    let id = Identifier { resource_type: ResourceType::LaunchPlan.into(), ..id };
    let request = LaunchPlanUpdateRequest { id: Some(id.clone()), state: state.into() };
    session.client.update_launch_plan(&request).await?;
    Ok(session.client.get_launch_plan(&ObjectGetRequest { id: Some(id) }).await?)
}

fn print(ui: &Ui, plan: &LaunchPlan) -> Result<(), CommandError> {
    let id = plan.id.clone().unwrap_or_default();
    match ui.format() {
        Format::Name => ui.print(format_args!("{}\n", id.name)),
        Format::Table => {
            let state = plan.closure.as_ref().map(LaunchPlanClosure::state).unwrap_or_default();
            let schedule = show::or_nothing(&details::schedule(plan));
            let row = vec![id.name, id.version, state.as_str_name().to_owned(), schedule];
            ui.table(&["NAME", "VERSION", "STATE", "SCHEDULE"], [row])
        }
        Format::Json | Format::Yaml => {
            let value = to_json(plan).map_err(|error| CommandError::from_error(Exit::Internal, error))?;
            ui.structured(&value)
        }
    }
}
