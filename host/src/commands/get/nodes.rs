//! `get nodes`: the nodes of an execution, and the elements of map tasks.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    list::{self, ColumnKind},
    proto::{
        admin::{Execution, NodeExecution, NodeExecutionGetRequest, node_execution_closure::OutputResult},
        core::{NodeExecutionIdentifier, WorkflowExecutionIdentifier, task_execution::Phase},
    },
    watch::{Element, Elements, Node, Specs, whole},
};
use serde_json::{Value, json};

use super::query::ListArgs;
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
pub(super) struct NodesArgs {
    /// Name of the execution
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    execution: String,

    /// Node to show [default: list all]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    node: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

/// Lists the nodes of an execution, or shows one.
pub(super) async fn nodes(args: &NodesArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let execution = execution::read(&session, &args.execution).await?;
    let id = execution.id.clone().unwrap_or_default();
    let found = match &args.node {
        Some(node) => vec![ListedNode::new(read_node(&session, &id, node).await?, "", 0)],
        None => {
            let query = args.list.query(ColumnKind::NodeExecution, true)?;
            tree(&session, &id, &query).await?
        }
    };
    let found = describe(&session, &execution, found, ui.format() != Format::Name).await?;
    print_nodes(&found, args, ui)
}

/// The node of an execution with an id.
pub(super) async fn read_node(
    session: &Session,
    execution: &WorkflowExecutionIdentifier,
    node: &str,
) -> Result<NodeExecution, CommandError> {
    let id = NodeExecutionIdentifier { node_id: node.to_owned(), execution_id: Some(execution.clone()) };
    match session.client.get_node_execution(&NodeExecutionGetRequest { id: Some(id) }).await {
        Ok(node) => Ok(node),
        Err(error) => Err(execution::node_failure(error, node, &execution.name)),
    }
}

/// A node as the server returns it, and as the table shows it; `None` for nodes that the compiler added.
struct ListedNode {
    message: NodeExecution,
    node: Option<Node>,
}

impl ListedNode {
    fn new(message: NodeExecution, parent: &str, depth: usize) -> Self {
        let node = Node::new(message.clone(), parent, depth);
        Self { message, node }
    }
}

/// All nodes, nested ones behind their parent.
async fn tree(
    session: &Session,
    id: &WorkflowExecutionIdentifier,
    query: &list::Query,
) -> Result<Vec<ListedNode>, CommandError> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let mut nodes = Vec::new();
    let level = list::nodes(&session.client, id, "", query).await?;
    let mut open = vec![(String::new(), level.into_iter())];
    while let Some((parent, level)) = open.last_mut() {
        let Some(node) = level.next() else {
            open.pop();
            continue;
        };
        if nodes.len() == limit {
            break;
        }
        let listed = ListedNode::new(node, &parent.clone(), open.len() - 1);
        let node = &listed.message;
        if node.metadata.as_ref().is_some_and(|metadata| metadata.is_parent_node) {
            let parent = node.id.as_ref().map(|id| id.node_id.clone()).unwrap_or_default();
            let inner = list::nodes(&session.client, id, &parent, query).await?;
            open.push((parent, inner.into_iter()));
        }
        nodes.push(listed);
    }
    Ok(nodes)
}

/// Adds whole errors, names, and the elements of map tasks.
async fn describe(
    session: &Session,
    execution: &Execution,
    listed: Vec<ListedNode>,
    with_names: bool,
) -> Result<Vec<ListedNode>, CommandError> {
    if !with_names {
        return Ok(listed);
    }
    let (messages, nodes): (Vec<_>, Vec<_>) = listed.into_iter().map(|one| (one.message, one.node)).unzip();
    let is_shown: Vec<bool> = nodes.iter().map(Option::is_some).collect();
    let mut shown: Vec<Node> = nodes.into_iter().flatten().collect();
    Specs::new(&session.client).describe(execution, &mut shown).await?;
    let messages = whole::nodes(&session.client, messages).await?;
    let mut shown = with_elements(session, execution, shown).await?.into_iter();
    let joined = messages.into_iter().zip(is_shown).map(|(message, is_shown)| {
        let mut node = if is_shown { shown.next() } else { None };
        if let Some(node) = &mut node
            && let Some(OutputResult::Error(error)) =
                message.closure.as_ref().and_then(|closure| closure.output_result.clone())
        {
            node.error = Some(error);
        }
        ListedNode { message, node }
    });
    Ok(joined.collect())
}

/// Adds the elements of map tasks; attempts of other tasks are not read.
async fn with_elements(
    session: &Session,
    execution: &Execution,
    mut nodes: Vec<Node>,
) -> Result<Vec<Node>, CommandError> {
    let id = execution.id.clone().unwrap_or_default();
    for node in nodes.iter_mut().filter(|node| node.is_array && node.has_attempts()) {
        let query = list::Query::default();
        let attempts = list::task_executions(&session.client, &node.key(&id), &query).await?;
        node.take_attempts(&attempts);
    }
    Ok(nodes)
}

fn print_nodes(listed: &[ListedNode], args: &NodesArgs, ui: &Ui) -> Result<(), CommandError> {
    match ui.format() {
        Format::Table => {
            let shown: Vec<&Node> = listed.iter().filter_map(|one| one.node.as_ref()).collect();
            if !shown.is_empty() {
                let heading = ["NODE", "NAME", "PHASE", "CACHE", "STARTED", "DURATION", "ERROR"];
                ui.table(&heading, shown.iter().flat_map(|node| node_rows(node)))?;
            }
            args.list.note_count(ui, shown.len(), &format!("no nodes in execution `{}`", args.execution));
            Ok(())
        }
        Format::Name => {
            ui.names(listed.iter().filter_map(|one| Some(one.message.id.as_ref()?.node_id.clone())))
        }
        Format::Json | Format::Yaml => {
            let values = listed.iter().map(node_json).collect::<Result<Vec<_>, _>>()?;
            match values.as_slice() {
                [only] if args.node.is_some() => ui.structured(only),
                _ => ui.structured(&values.into()),
            }
        }
    }
}

/// The server's message, with `name` from the workflow, and `elements` of a map task from the attempts.
fn node_json(listed: &ListedNode) -> Result<Value, CommandError> {
    let mut value = show::json(&listed.message)?;
    let (Some(node), Some(fields)) = (&listed.node, value.as_object_mut()) else { return Ok(value) };
    if let Some(name) = &node.name {
        fields.insert("name".to_owned(), name.clone().into());
    }
    if let Some(elements) = &node.elements {
        let message = node.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
        let elements = elements.tries.iter().map(|one| element_json(one, message));
        fields.insert("elements".to_owned(), elements.collect());
    }
    Ok(value)
}

fn element_json(element: &Element, message: &str) -> Value {
    let failed = element.phase == Phase::Failed;
    json!({
        "index": element.index,
        "attempt": element.attempt,
        "phase": element.phase.as_str_name(),
        "cacheStatus": element.cache_status.as_str_name(),
        "error": failed.then(|| Elements::error(element.index, message)).flatten(),
        "logs": element.logs.iter().map(|log| log.uri.as_str()).collect::<Vec<_>>(),
    })
}

/// How many failed elements of a map task get a row.
const ELEMENTS: usize = 10;

/// A row for a node, and one for each element that failed.
fn node_rows(node: &Node) -> Vec<Vec<String>> {
    let indent = "  ".repeat(node.depth);
    let error = node.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
    let phase = match node_text::elements(node) {
        Some(elements) => format!("{}, {elements}", node.phase.as_str_name()),
        None => node.phase.as_str_name().to_owned(),
    };
    let mut rows = vec![vec![
        format!("{indent}{}", node.id),
        show::or_nothing(&node_text::short_name(node).unwrap_or_default()),
        phase,
        node_text::cache(node).unwrap_or_else(|| show::NOTHING.to_owned()),
        time::moment(node.started_at.as_ref()),
        time::duration(node.duration.as_ref()),
        show::or_nothing(&node_text::error_summary(error)),
    ]];
    let failed = node.elements.iter().flat_map(Elements::last).filter(|one| one.phase == Phase::Failed);
    rows.extend(failed.take(ELEMENTS).map(|one| element_row(node, one, &indent, error)));
    rows
}

fn element_row(node: &Node, element: &Element, indent: &str, error: &str) -> Vec<String> {
    let nothing = || show::NOTHING.to_owned();
    let error = Elements::error(element.index, error).unwrap_or_default();
    vec![
        format!("{indent}  {}[{}]", node.id, element.index),
        nothing(),
        node_text::element_phase(element).to_owned(),
        element.cache().word().unwrap_or(show::NOTHING).to_owned(),
        nothing(),
        nothing(),
        show::or_nothing(&node_text::error_summary(&error)),
    ]
}
