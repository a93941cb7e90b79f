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
    ui::{error::Failure, exit_code::Exit},
};

/// The name of an execution that is about to be started.
///
/// It is never left to the server, so that a call which may or may not have arrived can be sent again.
#[derive(Debug)]
pub enum ExecutionName {
    /// The user's.
    Given(String),
    /// Ours.
    Generated(String),
}

impl ExecutionName {
    /// The user's name, or one made up.
    #[must_use]
    pub fn new(given: Option<&str>) -> Self {
        match given {
            Some(name) => Self::Given(name.to_owned()),
            None => Self::Generated(execution_name::generate()),
        }
    }

    /// The name.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Given(name) | Self::Generated(name) => name,
        }
    }

    /// Looks whether a name of the user's is free. FlyteAdmin stores the inputs of whatever is started before
    /// it looks itself, and so replaces those of the execution that has the name.
    ///
    /// # Errors
    ///
    /// When it is not, or the server cannot be asked.
    pub async fn check_free(&self, session: &Session) -> Result<(), Failure> {
        let Self::Given(name) = self else { return Ok(()) };
        let request = WorkflowExecutionGetRequest { id: Some(execution::id(session, name)) };
        match session.client.get_execution(&request).await {
            Ok(_) => Err(self.taken_failure(session)),
            Err(error) if error.status.code == Code::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The execution that a call started. A name that was made up has nobody else: if it exists, somebody on
    /// the way repeated the call.
    ///
    /// # Errors
    ///
    /// The call's own, if it started nothing.
    pub fn started(
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

    /// The failure of the call that was to start it.
    #[must_use]
    pub fn start_failure(&self, session: &Session, error: ClientError) -> Failure {
        if error.status.code == Code::AlreadyExists {
            return self.taken_failure(session);
        }
        let may_be_done = error.kind() == ClientErrorKind::MayBeDone;
        let mut failure = Failure::from(error);
        if may_be_done {
            let show = session.command(&["execution", "show", self.text()]);
            failure.hints = vec![format!("run `{show}` to see whether it was started")];
        }
        failure
    }

    /// The failure of a name that somebody else has.
    fn taken_failure(&self, session: &Session) -> Failure {
        let name = self.text();
        Failure::new(Exit::Failed, format!("an execution named `{name}` exists already")).hint(format!(
            "choose another name, or follow that one with `{}`",
            session.command(&["execution", "watch", name])
        ))
    }
}
