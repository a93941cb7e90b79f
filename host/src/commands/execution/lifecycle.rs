//! `execution terminate`, `relaunch`, `recover`, `archive` and `activate`.

use clap::Args;
use flyte_client::{
    Code,
    client::ClientError,
    proto::admin::{
        EventFailureReason, ExecutionCreateResponse, ExecutionRecoverRequest, ExecutionRelaunchRequest,
        ExecutionState, ExecutionTerminateRequest, ExecutionUpdateRequest, event_failure_reason::Reason,
    },
};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{
    context::Context,
    flyte::{
        execution,
        execution_name::ExecutionName,
        follow::{self, WaitArgs},
        session::Session,
    },
};

#[derive(Args, Debug)]
pub(super) struct NamesArgs {
    /// Names of executions
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct TerminateArgs {
    #[command(flatten)]
    names: NamesArgs,

    /// Reason, stored with the execution
    #[arg(long, default_value = "", hide_default_value = true)]
    cause: String,
}

#[derive(Args, Debug)]
pub(super) struct CopyArgs {
    /// Name of the execution
    execution: String,

    /// Name of the new execution [default: generated]
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Args, Debug)]
pub(super) struct RelaunchArgs {
    #[command(flatten)]
    copy: CopyArgs,

    /// Ignore cached outputs and overwrite them
    #[arg(long)]
    overwrite_cache: bool,
}

pub(super) async fn terminate(args: &TerminateArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let session = context.session()?;
    for name in &args.names.names {
        let request =
            ExecutionTerminateRequest { id: Some(execution::id(&session, name)), cause: args.cause.clone() };
        match session.client.terminate_execution(&request).await {
            Ok(_) => context.ui.note(format_args!("terminating execution `{name}`\n")),
            Err(error) => match terminal_phase(&error) {
                Some(phase) => context.ui.note(format_args!("execution `{name}` is already {phase}\n")),
                None => return Err(execution::failure(&session, name, error).await),
            },
        }
    }
    Ok(())
}

/// The terminal phase of an execution that cannot be terminated because of it.
fn terminal_phase(error: &ClientError) -> Option<String> {
    if error.status.code != Code::FailedPrecondition {
        return None;
    }
    match error.status.detail::<EventFailureReason>()?.reason? {
        Reason::AlreadyInTerminalState(state) => Some(state.current_phase),
        Reason::IncompatibleCluster(_) => None,
    }
}

pub(super) async fn relaunch(args: &RelaunchArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    start_copy(&args.copy, context, async |session, new| {
        let request = ExecutionRelaunchRequest {
            id: Some(execution::id(session, &args.copy.execution)),
            name: new,
            overwrite_cache: args.overwrite_cache,
        };
        session.client.relaunch_execution(&request).await
    })
    .await
}

pub(super) async fn recover(args: &CopyArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    start_copy(args, context, async |session, new| {
        let id = Some(execution::id(session, &args.execution));
        let request = ExecutionRecoverRequest { id, name: new, metadata: None };
        session.client.recover_execution(&request).await
    })
    .await
}

async fn start_copy(
    args: &CopyArgs,
    context: &Context<'_>,
    start: impl AsyncFnOnce(&Session, String) -> Result<ExecutionCreateResponse, ClientError>,
) -> Result<Exit, CommandError> {
    let session = context.session()?;
    let name = ExecutionName::choose(&session, args.name.as_deref()).await?;
    let answer = start(&session, name.text().to_owned()).await;
    let id = match name.started(&session, answer) {
        Ok(id) => id,
        Err(error) if error.status.code == Code::NotFound => {
            return Err(execution::failure(&session, &args.execution, *error).await);
        }
        Err(error) => return Err(name.start_failure(&session, *error)),
    };
    follow::started(&session, id, &args.wait).await
}

pub(super) async fn archive(
    args: &NamesArgs,
    archive: bool,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let session = context.session()?;
    let state = if archive { ExecutionState::ExecutionArchived } else { ExecutionState::ExecutionActive };
    for name in &args.names {
        let request = ExecutionUpdateRequest { id: Some(execution::id(&session, name)), state: state.into() };
        match session.client.update_execution(&request).await {
            Ok(_) => {
                let verb = if archive { "archived" } else { "restored" };
                context.ui.note(format_args!("{verb} execution `{name}`\n"));
            }
            Err(error) => return Err(execution::failure(&session, name, error).await),
        }
    }
    Ok(())
}
