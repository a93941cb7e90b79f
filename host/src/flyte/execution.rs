//! An execution by its name, and what to say when there is none.

use flyte_client::{
    Code,
    client::ClientError,
    list::{self, Order, Query},
    proto::{
        admin::{Execution, WorkflowExecutionGetRequest},
        core::WorkflowExecutionIdentifier,
    },
};

use crate::flyte::session::Session;
use crate::ui::{error::Failure, exit_code::Exit};

/// The identifier of an execution in the user's project and domain.
#[must_use]
pub fn id(session: &Session, name: &str) -> WorkflowExecutionIdentifier {
    WorkflowExecutionIdentifier {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: name.to_owned(),
        org: String::new(),
    }
}

/// Reads an execution.
///
/// # Errors
///
/// When there is none, or a call fails.
pub async fn read(session: &Session, name: &str) -> Result<Execution, Failure> {
    let request = WorkflowExecutionGetRequest { id: Some(id(session, name)) };
    match session.client.get_execution(&request).await {
        Ok(execution) => Ok(execution),
        Err(error) => Err(explain(session, name, error).await),
    }
}

/// The failure of a call about an execution; one that there is not is told in words.
pub async fn explain(session: &Session, name: &str, error: ClientError) -> Failure {
    if error.status.code != Code::NotFound {
        return error.into();
    }
    let place = format!("in project `{}`, domain `{}`", session.project(), session.domain());
    let failure = Failure::new(Exit::Failed, format!("there is no execution `{name}` {place}"));
    // A hint is not worth an error of its own.
    let query = Query { order: Some(Order::newest_first()), limit: Some(100), ..Query::default() };
    let every = list::named(session.project(), session.domain(), "");
    let known = list::executions(&session.client, &every, &query).await.unwrap_or_default();
    let known = known.iter().filter_map(|execution| Some(execution.id.as_ref()?.name.as_str()));
    failure.hint(match flyte_text::closest(name, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`flyte-host get executions` lists what there is".to_owned(),
    })
}

/// The failure of a call about a node; one that there is not is told in words.
#[must_use]
pub fn no_node(error: ClientError, node: &str, execution: &str) -> Failure {
    if error.status.code != Code::NotFound {
        return error.into();
    }
    Failure::new(Exit::Failed, format!("there is no node `{node}` in execution `{execution}`"))
        .hint(format!("run `flyte-host get nodes {execution}` to list its nodes"))
}
