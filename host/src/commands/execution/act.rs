//! What changes executions: stop, repeat, archive.

use flyte_client::{
    Code,
    client::ClientError,
    proto::admin::{
        EventFailureReason, ExecutionCreateResponse, ExecutionRecoverRequest, ExecutionRelaunchRequest,
        ExecutionState, ExecutionTerminateRequest, ExecutionUpdateRequest, event_failure_reason::Reason,
    },
};

use super::{AgainArgs, NamesArgs, TerminateArgs};
use crate::ui::{error::Failure, exit_code::Exit, output};
use crate::{
    commands::run::name,
    context::Context,
    flyte::{execution, follow, session::Session},
};

pub(super) fn terminate(args: &TerminateArgs, context: &Context<'_>) -> Result<(), Failure> {
    let session = context.session()?;
    for name in &args.names.names {
        let request =
            ExecutionTerminateRequest { id: Some(execution::id(&session, name)), cause: args.cause.clone() };
        match session.block_on(session.client.terminate_execution(&request)) {
            Ok(_) => output::note(&format!("execution `{name}` is being stopped\n")),
            Err(error) => match finished(&error) {
                // What was wanted is so.
                Some(phase) => output::note(&format!("execution `{name}` had ended already: {phase}\n")),
                None => return Err(session.block_on(execution::explain(&session, name, error))),
            },
        }
    }
    Ok(())
}

/// The phase of an execution that cannot be stopped, because it is at its end.
fn finished(error: &ClientError) -> Option<String> {
    if error.status.code != Code::FailedPrecondition {
        return None;
    }
    match error.status.detail::<EventFailureReason>()?.reason? {
        Reason::AlreadyInTerminalState(state) => Some(state.current_phase),
        Reason::IncompatibleCluster(_) => None,
    }
}

pub(super) fn relaunch(
    args: &AgainArgs,
    overwrite_cache: bool,
    context: &Context<'_>,
) -> Result<Exit, Failure> {
    again(args, context, async |session, new| {
        let request = ExecutionRelaunchRequest {
            id: Some(execution::id(session, &args.execution)),
            name: new,
            overwrite_cache,
        };
        session.client.relaunch_execution(&request).await
    })
}

pub(super) fn recover(args: &AgainArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    again(args, context, async |session, new| {
        let id = Some(execution::id(session, &args.execution));
        let request = ExecutionRecoverRequest { id, name: new, metadata: None };
        session.client.recover_execution(&request).await
    })
}

fn again(
    args: &AgainArgs,
    context: &Context<'_>,
    start: impl AsyncFnOnce(&Session, String) -> Result<ExecutionCreateResponse, ClientError>,
) -> Result<Exit, Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let name = name::Chosen::new(args.name.as_deref());
    session.block_on(name.check_free(&session))?;
    let answer = session.block_on(start(&session, name.text().to_owned()));
    let id = name.started(&session, answer).map_err(|error| match error.status.code {
        Code::NotFound => session.block_on(execution::explain(&session, &args.execution, *error)),
        _ => name.not_started(&session, *error),
    })?;
    follow::started(&session, id, &args.wait, format)
}

pub(super) fn archive(args: &NamesArgs, archive: bool, context: &Context<'_>) -> Result<(), Failure> {
    let session = context.session()?;
    let state = if archive { ExecutionState::ExecutionArchived } else { ExecutionState::ExecutionActive };
    for name in &args.names {
        let request = ExecutionUpdateRequest { id: Some(execution::id(&session, name)), state: state.into() };
        match session.block_on(session.client.update_execution(&request)) {
            Ok(_) => {
                let word = if archive { "is archived" } else { "is in lists again" };
                output::note(&format!("execution `{name}` {word}\n"));
            }
            Err(error) => return Err(session.block_on(execution::explain(&session, name, error))),
        }
    }
    Ok(())
}
