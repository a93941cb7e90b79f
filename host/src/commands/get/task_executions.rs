//! `get task-executions`: the attempts of a node, and the elements of map tasks.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    list::{self, ColumnKind},
    proto::{
        admin::{TaskExecution, task_execution_closure::OutputResult},
        core::{NodeExecutionIdentifier, WorkflowExecutionIdentifier, task_execution::Phase},
    },
    watch::{Element, Elements, whole},
};

use super::{nodes::read_node, query::ListArgs};
use crate::{
    context::Context,
    flyte::{execution, node as node_text, session::Session},
    ui::{
        error::CommandError,
        output::{Format, Ui},
        show::{self, time},
    },
};

#[derive(Args, Debug)]
pub(super) struct TaskExecutionsArgs {
    /// Name of the execution
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    execution: String,

    /// Id of the node
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    node: String,

    #[command(flatten)]
    list: ListArgs,
}

/// Lists attempts.
pub(super) async fn task_executions(
    args: &TaskExecutionsArgs,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let query = args.list.query(ColumnKind::TaskExecution, true)?;
    let execution = execution::read(&session, &args.execution).await?.id.unwrap_or_default();
    let found = attempts(&session, &execution, &args.node, &query).await?;
    match ui.format() {
        Format::Table => {
            if !found.is_empty() {
                let heading = ["ATTEMPT", "PHASE", "TASK", "STARTED", "DURATION", "REASON", "LOGS"];
                ui.table(&heading, found.iter().map(attempt_row))?;
            }
            for attempt in &found {
                print_elements(ui, attempt)?;
            }
            args.list.note_count(ui, found.len(), &format!("no attempts of node `{}`", args.node));
            Ok(())
        }
        Format::Name => ui.names(found.iter().map(|one| number(one).to_string())),
        Format::Json | Format::Yaml => ui.messages(&found),
    }
}

/// The task attempts of a node. For a missing node, the server returns an empty list and no error.
async fn attempts(
    session: &Session,
    execution: &WorkflowExecutionIdentifier,
    node: &str,
    query: &list::Query,
) -> Result<Vec<TaskExecution>, CommandError> {
    let id = NodeExecutionIdentifier { node_id: node.to_owned(), execution_id: Some(execution.clone()) };
    let found = list::task_executions(&session.client, &id, query)
        .await
        .map_err(|error| execution::node_failure(error, node, &execution.name))?;
    if found.is_empty() {
        read_node(session, execution, node).await?;
    }
    Ok(whole::attempts(&session.client, found).await?)
}

/// The number of an attempt, from 1.
fn number(attempt: &TaskExecution) -> u32 {
    attempt.id.as_ref().map_or(0, |id| id.retry_attempt) + 1
}

fn attempt_row(attempt: &TaskExecution) -> Vec<String> {
    let closure = attempt.closure.clone().unwrap_or_default();
    let task = attempt.id.as_ref().and_then(|id| id.task_id.as_ref());
    let logs: Vec<&str> = closure.logs.iter().map(|log| log.uri.as_str()).collect();
    let reason = closure.reasons.last().map_or(&closure.reason, |last| &last.message);
    vec![
        number(attempt).to_string(),
        closure.phase().as_str_name().to_owned(),
        task.map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default(),
        time::moment(closure.started_at.as_ref()),
        time::duration(closure.duration.as_ref()),
        show::or_nothing(&show::in_a_line(reason)),
        show::or_nothing(&logs.join(" ")),
    ]
}

/// Prints the elements of a map task, a row for each attempt.
fn print_elements(ui: &Ui, attempt: &TaskExecution) -> Result<(), CommandError> {
    let Some(closure) = &attempt.closure else { return Ok(()) };
    let Some(elements) = Elements::new(closure) else { return Ok(()) };
    let message = match &closure.output_result {
        Some(OutputResult::Error(error)) => error.message.as_str(),
        _ => "",
    };
    let row = |element: &Element| {
        let failed = element.phase == Phase::Failed;
        let error = failed.then(|| Elements::error(element.index, message)).flatten().unwrap_or_default();
        let logs: Vec<&str> = element.logs.iter().map(|log| log.uri.as_str()).collect();
        vec![
            element.index.to_string(),
            element.attempt.to_string(),
            node_text::element_phase(element).to_owned(),
            element.cache().word().unwrap_or(show::NOTHING).to_owned(),
            show::or_nothing(&node_text::error_summary(&error)),
            show::or_nothing(&logs.join(" ")),
        ]
    };
    ui.print("\n")?;
    ui.table(&["ELEMENT", "ATTEMPT", "PHASE", "CACHE", "ERROR", "LOGS"], elements.tries.iter().map(row))
}
