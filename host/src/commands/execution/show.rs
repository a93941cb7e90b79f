//! One execution with all that people ask about.

use flyte_client::{
    proto::{
        admin::{Execution, execution_closure::OutputResult},
        core::{ResourceType, WorkflowExecutionIdentifier, node_execution::Phase},
    },
    watch::{Node, Watch},
};

use crate::ui::{
    error::Failure,
    output::{self, Format},
};
use crate::{
    context::Context,
    flyte::{execution, node, session::Session},
    ui::show::{self, facts::Facts, time},
};

/// Runs `execution show`.
pub(super) async fn run(names: &[String], context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let mut executions = Vec::new();
    for name in names {
        executions.push(execution::read(&session, name).await?);
    }
    match (format, executions.as_slice()) {
        (Format::Table, executions) => {
            let mut texts = Vec::new();
            for execution in executions {
                texts.push(in_words(&session, execution).await?);
            }
            output::print(&texts.join("\n"))
        }
        (Format::Name, executions) => executions.iter().try_for_each(|execution| print(execution, format)),
        (format, [execution]) => print(execution, format),
        (format, executions) => show::messages(format, executions),
    }
}

/// An execution and its nodes, for people.
async fn in_words(session: &Session, execution: &Execution) -> Result<String, Failure> {
    let id = execution.id.clone().unwrap_or_default();
    let mut watch = Watch::new(&session.client, id.clone());
    watch.look().await?;
    let nodes = watch.nodes();
    let told = |of: &Node| {
        let lines = told(session, &id, of, nodes);
        (format!("{}{}", "  ".repeat(of.depth), node::label(of)), lines)
    };
    let nodes = nodes.iter().map(told).collect();
    Ok(facts(execution).section("NODES", nodes).render())
}

/// Writes one execution, without its nodes.
///
/// # Errors
///
/// When the output cannot be written.
pub fn print(execution: &Execution, format: Format) -> Result<(), Failure> {
    match format {
        Format::Table => output::print(&facts(execution).render()),
        Format::Name => show::names(execution.id.as_ref().map(|id| id.name.clone())),
        format => show::message(format, execution),
    }
}

/// What an execution runs: `workflow NAME:VERSION`, and so on.
#[must_use]
pub fn runs(execution: &Execution) -> String {
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

fn facts(execution: &Execution) -> Facts {
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
        .fact("ERROR", reason(execution).unwrap_or_default())
}

/// Why an execution did not succeed.
#[must_use]
#[expect(deprecated, reason = "servers may still give the cause in the old form")]
pub fn reason(execution: &Execution) -> Option<String> {
    match execution.closure.as_ref()?.output_result.as_ref()? {
        OutputResult::Error(error) => Some(error.message.trim().to_owned()),
        OutputResult::AbortMetadata(abort) if abort.cause.is_empty() => None,
        OutputResult::AbortMetadata(abort) => Some(abort.cause.clone()),
        OutputResult::AbortCause(cause) => Some(cause.clone()),
        OutputResult::Outputs(_) | OutputResult::OutputData(_) => None,
    }
}

/// What there is to say of a node: a line, and below it why it failed or is not further.
fn told(session: &Session, id: &WorkflowExecutionIdentifier, of: &Node, nodes: &[Node]) -> String {
    let mut lines = vec![node::state(of)];
    let error = of.error.as_ref().or(of.attempt_error.as_ref().filter(|_| of.phase == Phase::Failed));
    // The error of a node within one is its own, too; it is told of the innermost one.
    let is_inner = |other: &&Node| other.parent == of.id && other.error.is_some() && other.error == of.error;
    let error = error.filter(|_| !nodes.iter().any(|other| is_inner(&other)));
    lines.extend(error.map(|error| error.message.trim().to_owned()));
    lines.extend(node::waits_for(session, id, of));
    lines.join("\n")
}
