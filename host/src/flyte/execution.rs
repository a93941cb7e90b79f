//! Executions: reading one by its name, the failure when there is none, printing.

use flyte_client::{
    Code,
    client::ClientError,
    list::{self, Order, Query},
    proto::{
        admin::{Execution, WorkflowExecutionGetRequest, execution_closure::OutputResult},
        core::{ResourceType, WorkflowExecutionIdentifier},
    },
};

use crate::flyte::session::Session;
use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
    show::{self, facts::Facts, time},
};

/// The identifier of an execution in the user's project and domain.
#[must_use]
pub(crate) fn id(session: &Session, name: &str) -> WorkflowExecutionIdentifier {
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
/// A missing execution, or a call that failed.
pub(crate) async fn read(session: &Session, name: &str) -> Result<Execution, CommandError> {
    let request = WorkflowExecutionGetRequest { id: Some(id(session, name)) };
    match session.client.get_execution(&request).await {
        Ok(execution) => Ok(execution),
        Err(error) => Err(failure(session, name, error).await),
    }
}

/// The failure of a call about an execution, with a suggestion if the execution does not exist.
pub(crate) async fn failure(session: &Session, name: &str, error: ClientError) -> CommandError {
    if error.status.code != Code::NotFound {
        return error.into();
    }
    let scope = format!("in project `{}`, domain `{}`", session.project(), session.domain());
    let missing = CommandError::new(Exit::Failed, format!("execution `{name}` not found {scope}"));
    // Best effort: without the names there is no suggestion.
    let query = Query { order: Some(Order::newest_first()), limit: Some(100), ..Query::default() };
    let every = list::named(session.project(), session.domain(), "");
    let known = list::executions(&session.client, &every, &query).await.unwrap_or_default();
    let known = known.iter().filter_map(|execution| Some(execution.id.as_ref()?.name.as_str()));
    missing.hint(match flyte_text::closest(name, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("run `{}` to list executions", session.command(&["get", "executions"])),
    })
}

/// The failure of a call about a node, with a hint if the node does not exist.
#[must_use]
pub(crate) fn node_failure(error: ClientError, node: &str, execution: &str) -> CommandError {
    if error.status.code != Code::NotFound {
        return error.into();
    }
    CommandError::new(Exit::Failed, format!("node `{node}` not found in execution `{execution}`"))
        .hint(format!("run `flyte-host get nodes {execution}` to list its nodes"))
}

/// Writes one execution, without its nodes.
///
/// # Errors
///
/// When the output cannot be written.
pub(crate) fn print(ui: &Ui, execution: &Execution) -> Result<(), CommandError> {
    match ui.format() {
        Format::Table => ui.print(facts(execution).render()),
        Format::Name => ui.names(execution.id.as_ref().map(|id| id.name.clone())),
        Format::Json | Format::Yaml => ui.message(execution),
    }
}

/// What an execution runs: `workflow NAME:VERSION`, and so on.
#[must_use]
pub(crate) fn runs(execution: &Execution) -> String {
    let Some(id) = execution.spec.as_ref().and_then(|spec| spec.launch_plan.as_ref()) else {
        return show::NOTHING.to_owned();
    };
    let word = match id.resource_type() {
        ResourceType::Task => "task",
        ResourceType::Workflow => "workflow",
        _ => "launch plan",
    };
    format!("{word} {}:{}", id.name, id.version)
}

/// The rows of `execution show`, without the nodes.
#[must_use]
pub(crate) fn facts(execution: &Execution) -> Facts {
    let id = execution.id.clone().unwrap_or_default();
    let closure = execution.closure.clone().unwrap_or_default();
    let spec = execution.spec.clone().unwrap_or_default();
    let metadata = spec.metadata.clone().unwrap_or_default();
    let reference = metadata.reference_execution.as_ref().map(|id| id.name.clone());
    let parent = metadata.parent_node_execution.as_ref().map(|node| {
        let execution = node.execution_id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
        format!("node {} of {execution}", node.node_id)
    });
    let pairs = |map: Option<&std::collections::BTreeMap<String, String>>| {
        let pairs = map.into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    Facts::default()
        .fact("NAME", id.name)
        .fact("PHASE", closure.phase().as_str_name())
        .fact("PROJECT", id.project)
        .fact("DOMAIN", id.domain)
        .fact("RUNS", runs(execution))
        .fact("MODE", metadata.mode().as_str_name())
        .fact("COPY OF", reference.unwrap_or_default())
        .fact("STARTED BY", parent.unwrap_or_default())
        .fact("CREATED", time::moment(closure.created_at.as_ref()))
        .fact("STARTED", time::moment(closure.started_at.as_ref()))
        .fact("DURATION", time::duration(closure.duration.as_ref()))
        .fact("LABELS", pairs(spec.labels.as_ref().map(|labels| &labels.values)))
        .fact("ANNOTATIONS", pairs(spec.annotations.as_ref().map(|annotations| &annotations.values)))
        .fact("ERROR", error_message(execution).unwrap_or_default())
}

/// The error message of an execution that failed, or the cause given when it was aborted.
#[must_use]
#[expect(deprecated, reason = "servers may still give the cause in the old form")]
pub(crate) fn error_message(execution: &Execution) -> Option<String> {
    match execution.closure.as_ref()?.output_result.as_ref()? {
        OutputResult::Error(error) => Some(error.message.trim().to_owned()),
        OutputResult::AbortMetadata(abort) if abort.cause.is_empty() => None,
        OutputResult::AbortMetadata(abort) => Some(abort.cause.clone()),
        OutputResult::AbortCause(cause) => Some(cause.clone()),
        OutputResult::Outputs(_) | OutputResult::OutputData(_) => None,
    }
}
