//! Inputs and outputs of executions: reading and printing them.

use flyte_client::{
    literal,
    proto::{
        admin::{Execution, NodeExecutionGetDataRequest, UrlBlob, WorkflowExecutionGetDataRequest},
        core::{LiteralMap, NodeExecutionIdentifier, WorkflowExecutionIdentifier},
    },
    watch,
};
use serde_json::Value;

use super::{execution, session::Session, transfer};
use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};

/// Inputs and outputs of an execution or a node.
#[derive(Debug, Default)]
pub(crate) struct ExecutionData {
    /// The inputs.
    pub(crate) inputs: LiteralMap,
    /// The outputs; empty before the end.
    pub(crate) outputs: LiteralMap,
}

/// Reads inputs and outputs from the response or from its links.
///
/// # Errors
///
/// A missing execution or node, or values that cannot be read.
#[expect(deprecated, reason = "servers that do not give the values give links")]
pub(crate) async fn read(
    session: &Session,
    id: &WorkflowExecutionIdentifier,
    node: Option<&str>,
) -> Result<ExecutionData, CommandError> {
    let (inputs, outputs, input_link, output_link) = match node {
        Some(node) => {
            let key = NodeExecutionIdentifier { node_id: node.to_owned(), execution_id: Some(id.clone()) };
            let request = NodeExecutionGetDataRequest { id: Some(key) };
            let data = session.client.get_node_execution_data(&request).await;
            let data = data.map_err(|error| execution::node_failure(error, node, &id.name))?;
            (data.full_inputs, data.full_outputs, data.inputs, data.outputs)
        }
        None => {
            let request = WorkflowExecutionGetDataRequest { id: Some(id.clone()) };
            let data = match session.client.get_execution_data(&request).await {
                Ok(data) => data,
                Err(error) => return Err(execution::failure(session, &id.name, error).await),
            };
            (data.full_inputs, data.full_outputs, data.inputs, data.outputs)
        }
    };
    Ok(ExecutionData {
        inputs: follow_link(session, inputs, input_link).await?,
        outputs: follow_link(session, outputs, output_link).await?,
    })
}

/// The values of the response, or if it has none, those behind the link.
async fn follow_link(
    session: &Session,
    values: Option<LiteralMap>,
    link: Option<UrlBlob>,
) -> Result<LiteralMap, CommandError> {
    let values = values.unwrap_or_default();
    let Some(link) = link.filter(|link| values.literals.is_empty() && link.bytes > 0) else {
        return Ok(values);
    };
    let bytes = transfer::read(session, &link.url).await?;
    prost::Message::decode(bytes).map_err(|error| {
        CommandError::new(Exit::Failed, "could not decode the values behind the server's link")
            .caused_by(error)
    })
}

/// Prints why there are no outputs.
pub(crate) fn note_no_outputs(ui: &Ui, execution: &Execution, node: Option<&str>) {
    let name = execution.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
    let phase = watch::phase(execution);
    ui.note(match node {
        Some(node) => format!("node `{node}` has no outputs\n"),
        None if watch::is_done(phase) => format!("execution `{name}` has no outputs\n"),
        None => format!("execution `{name}` has no outputs yet: {}\n", phase.as_str_name()),
    });
}

/// How to see the whole of a long value.
const ALL: &str = "`-o json` or `fetch` with a folder shows all";

/// Prints values by their names; on a terminal, long ones are cut.
///
/// # Errors
///
/// When the output cannot be written.
pub(crate) fn print(ui: &Ui, values: &LiteralMap) -> Result<(), CommandError> {
    let json = literal::map_to_json(values);
    match ui.format() {
        Format::Table if json.is_empty() => Ok(()),
        Format::Table => {
            let readable = |value: Value| ui.readable(to_text(&value), ALL);
            ui.table(&["NAME", "VALUE"], json.into_iter().map(|(name, value)| vec![name, readable(value)]))
        }
        Format::Name => ui.names(json.into_iter().map(|(name, _)| name)),
        Format::Json | Format::Yaml => ui.structured(&json.into()),
    }
}

/// A value in a line: strings without quotes, files and tables as their URI, the rest as JSON.
#[must_use]
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) => match object.get("uri").and_then(Value::as_str) {
            Some(uri) => uri.to_owned(),
            None => value.to_string(),
        },
        value => value.to_string(),
    }
}
