//! `execution show`.

use flyte_client::{
    proto::{
        admin::Execution,
        core::{WorkflowExecutionIdentifier, node_execution::Phase},
    },
    watch::{Node, Watch},
};

use crate::ui::{error::CommandError, output::Format};
use crate::{
    context::Context,
    flyte::{execution, node as node_text, session::Session},
};

/// Runs `execution show`.
pub(super) async fn run(names: &[String], context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let mut executions = Vec::new();
    for name in names {
        executions.push(execution::read(&session, name).await?);
    }
    match (ui.format(), executions.as_slice()) {
        (Format::Table, executions) => {
            let mut texts = Vec::new();
            for execution in executions {
                texts.push(execution_text(&session, execution).await?);
            }
            ui.print(texts.join("\n"))
        }
        (Format::Name, executions) => {
            executions.iter().try_for_each(|execution| execution::print(ui, execution))
        }
        (Format::Json | Format::Yaml, [execution]) => execution::print(ui, execution),
        (Format::Json | Format::Yaml, executions) => ui.messages(executions),
    }
}

/// An execution and its nodes, for people.
async fn execution_text(session: &Session, execution: &Execution) -> Result<String, CommandError> {
    let id = execution.id.clone().unwrap_or_default();
    let mut watch = Watch::new(&session.client, id.clone());
    watch.look().await?;
    let nodes = watch.nodes();
    let row = |node: &Node| {
        let label = format!("{}{}", "  ".repeat(node.depth), node_text::label(node));
        (label, node_lines(session, &id, node, nodes))
    };
    let rows = nodes.iter().map(row).collect();
    Ok(execution::facts(execution).section("NODES", rows).render())
}

/// The state of a node, and below it the error or what it waits for.
fn node_lines(session: &Session, id: &WorkflowExecutionIdentifier, node: &Node, nodes: &[Node]) -> String {
    let mut lines = vec![node_text::state(node)];
    let error = node.error.as_ref().or(node.attempt_error.as_ref().filter(|_| node.phase == Phase::Failed));
    // A node has the error of a node within it, too; it is printed with the innermost one.
    let is_inner =
        |other: &&Node| other.parent == node.id && other.error.is_some() && other.error == node.error;
    let error = error.filter(|_| !nodes.iter().any(|other| is_inner(&other)));
    lines.extend(error.map(|error| error.message.trim().to_owned()));
    lines.extend(node_text::waiting_reason(session, id, node));
    lines.join("\n")
}
