//! Names of executions.

use flyte_client::{
    Code,
    client::{ClientError, ClientErrorKind},
    execution_name,
    proto::{
        admin::{ExecutionCreateResponse, WorkflowExecutionGetRequest},
        core::WorkflowExecutionIdentifier,
    },
};

use crate::{
    flyte::{execution, session::Session},
    ui::{error::CommandError, exit_code::Exit},
};

/// The name of a new execution.
///
/// The client always chooses it, so that a call that may or may not have arrived can be repeated.
#[derive(Debug)]
pub(crate) enum ExecutionName {
    /// From `--name`.
    Given(String),
    /// Generated.
    Generated(String),
}

impl ExecutionName {
    /// The given name if it is free, or a generated one.
    ///
    /// # Errors
    ///
    /// A name in use, or a call that failed.
    pub(crate) async fn choose(session: &Session, given: Option<&str>) -> Result<Self, CommandError> {
        let Some(name) = given else { return Ok(Self::Generated(execution_name::generate())) };
        let name = Self::Given(name.to_owned());
        name.check_free(session).await?;
        Ok(name)
    }

    /// The name.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Given(name) | Self::Generated(name) => name,
        }
    }

    /// Checks that a given name is free. FlyteAdmin stores the inputs before it checks the name, and so
    /// replaces those of the execution that has it.
    async fn check_free(&self, session: &Session) -> Result<(), CommandError> {
        let request = WorkflowExecutionGetRequest { id: Some(execution::id(session, self.text())) };
        match session.client.get_execution(&request).await {
            Ok(_) => Err(self.taken_failure(session)),
            Err(error) if error.status.code == Code::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The execution that a call started. No other client has a generated name: if it exists, a proxy
    /// repeated the call.
    ///
    /// # Errors
    ///
    /// The call's own, if it started nothing.
    pub(crate) fn started(
        &self,
        session: &Session,
        answer: Result<ExecutionCreateResponse, ClientError>,
    ) -> Result<WorkflowExecutionIdentifier, Box<ClientError>> {
        let id = || execution::id(session, self.text());
        match answer {
            Ok(answer) => Ok(answer.id.unwrap_or_else(id)),
            Err(error) if error.status.code == Code::AlreadyExists && matches!(self, Self::Generated(_)) => {
                Ok(id())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The failure of the call that should have started the execution.
    #[must_use]
    pub(crate) fn start_failure(&self, session: &Session, error: ClientError) -> CommandError {
        if error.status.code == Code::AlreadyExists {
            return self.taken_failure(session);
        }
        let may_be_done = error.kind() == ClientErrorKind::MayBeDone;
        let failure = CommandError::from(error);
        if !may_be_done {
            return failure;
        }
        let show = session.command(&["execution", "show", self.text()]);
        failure.replace_hints([format!("run `{show}` to see whether it was started")])
    }

    /// The failure of a name in use.
    fn taken_failure(&self, session: &Session) -> CommandError {
        let name = self.text();
        CommandError::new(Exit::Failed, format!("execution `{name}` already exists")).hint(format!(
            "choose another name, or watch that execution with `{}`",
            session.command(&["execution", "watch", name])
        ))
    }
}
