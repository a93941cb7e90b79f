//! Executions, their nodes, and attempts of tasks.

use remote::{
    list::{self, Kind},
    proto::{
        admin::{Execution, NodeExecution, NodeExecutionGetRequest, TaskExecution},
        core::{NodeExecutionIdentifier, WorkflowExecutionIdentifier},
    },
    watch::Node,
};

use super::{
    super::{
        Context,
        execution::{one, show as details},
        scope,
        session::Session,
        show::{self, time},
    },
    NodesArgs, TaskExecutionsArgs,
    query::ListArgs,
};
use crate::cli::{
    output::{self, Format},
    report::Failure,
};

/// Lists executions, or shows one.
pub(super) fn executions(name: Option<&str>, args: &ListArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    if let Some(name) = name {
        let session = context.session()?;
        let execution = session.block_on(one::read(&session, name))?;
        return details::print(&execution, format);
    }
    let query = args.query(Kind::Execution, false)?;
    let session = context.session()?;
    let id = list::named(session.project(), session.domain(), "");
    let found = session.block_on(list::executions(&session.client, &id, &query))?;
    if found.is_empty() {
        session.block_on(scope::check(&session))?;
    }
    match format {
        Format::Table => {
            if !found.is_empty() {
                output::table(&["NAME", "PHASE", "RUNS", "CREATED", "DURATION"], found.iter().map(row))?;
            }
            let place = format!("in project `{}`, domain `{}`", session.project(), session.domain());
            args.tell(found.len(), &format!("no executions {place}"));
            Ok(())
        }
        Format::Name => show::names(found.into_iter().filter_map(|execution| Some(execution.id?.name))),
        format => show::messages(format, &found),
    }
}

fn row(execution: &Execution) -> Vec<String> {
    let closure = execution.closure.clone().unwrap_or_default();
    vec![
        execution.id.as_ref().map(|id| id.name.clone()).unwrap_or_default(),
        closure.phase().as_str_name().to_owned(),
        details::runs(execution),
        time::moment(closure.created_at.as_ref()),
        time::duration(closure.duration.as_ref()),
    ]
}

/// Lists the nodes of an execution, or shows one.
pub(super) fn nodes(args: &NodesArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let execution = session.block_on(one::read(&session, &args.execution))?.id.unwrap_or_default();
    if let Some(node) = &args.node {
        let id = NodeExecutionIdentifier { node_id: node.clone(), execution_id: Some(execution) };
        let request = NodeExecutionGetRequest { id: Some(id) };
        let found = session
            .block_on(session.client.get_node_execution(&request))
            .map_err(|error| one::no_node(error, node, &args.execution))?;
        return print_nodes(&[(0, found)], args, format, true);
    }
    let query = args.list.query(Kind::NodeExecution, true)?;
    let found = session.block_on(tree(&session, &execution, &query))?;
    print_nodes(&found, args, format, false)
}

/// All nodes, those within a node behind it, with how deep they are.
async fn tree(
    session: &Session,
    id: &WorkflowExecutionIdentifier,
    query: &list::Query,
) -> Result<Vec<(usize, NodeExecution)>, Failure> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let mut nodes = Vec::new();
    let mut open = vec![(0, list::nodes(&session.client, id, "", query).await?.into_iter())];
    while let Some((depth, level)) = open.last_mut() {
        let depth = *depth;
        let Some(node) = level.next() else {
            open.pop();
            continue;
        };
        if nodes.len() == limit {
            break;
        }
        if node.metadata.as_ref().is_some_and(|metadata| metadata.is_parent_node) {
            let parent = node.id.as_ref().map(|id| id.node_id.as_str()).unwrap_or_default();
            let inner = list::nodes(&session.client, id, parent, query).await?;
            open.push((depth + 1, inner.into_iter()));
        }
        nodes.push((depth, node));
    }
    Ok(nodes)
}

fn print_nodes(
    nodes: &[(usize, NodeExecution)],
    args: &NodesArgs,
    format: Format,
    is_one: bool,
) -> Result<(), Failure> {
    match format {
        Format::Table => {
            let rows: Vec<_> =
                nodes.iter().filter_map(|(depth, node)| node_row(node.clone(), *depth)).collect();
            let count = rows.len();
            if count > 0 {
                output::table(&["NODE", "PHASE", "CACHE", "STARTED", "DURATION", "ERROR"], rows)?;
            }
            args.list.tell(count, &format!("no nodes in execution `{}`", args.execution));
            Ok(())
        }
        Format::Name => {
            show::names(nodes.iter().filter_map(|(_, node)| Some(node.id.as_ref()?.node_id.clone())))
        }
        format if is_one => show::message(format, &nodes[0].1),
        format => {
            let nodes: Vec<NodeExecution> = nodes.iter().map(|(_, node)| node.clone()).collect();
            show::messages(format, &nodes)
        }
    }
}

/// A row for people, who do not care about the nodes that the compiler added.
fn node_row(node: NodeExecution, depth: usize) -> Option<Vec<String>> {
    let node = Node::new(node, "", depth)?;
    let error = node.error.map(|error| error.message).unwrap_or_default();
    Some(vec![
        format!("{}{}", "  ".repeat(depth), node.id),
        node.phase.as_str_name().to_owned(),
        node.cache.word().unwrap_or(show::NOTHING).to_owned(),
        time::moment(node.started_at.as_ref()),
        time::duration(node.duration.as_ref()),
        show::or_nothing(&show::in_a_line(&error)),
    ])
}

/// Lists attempts.
pub(super) fn task_executions(args: &TaskExecutionsArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let query = args.list.query(Kind::TaskExecution, true)?;
    let execution = session.block_on(one::read(&session, &args.execution))?.id;
    let id = NodeExecutionIdentifier { node_id: args.node.clone(), execution_id: execution };
    let found = session
        .block_on(list::task_executions(&session.client, &id, &query))
        .map_err(|error| one::no_node(error, &args.node, &args.execution))?;
    match format {
        Format::Table => {
            if !found.is_empty() {
                output::table(
                    &["ATTEMPT", "PHASE", "TASK", "STARTED", "DURATION", "LOGS"],
                    found.iter().map(attempt),
                )?;
            }
            args.list.tell(found.len(), &format!("no attempts of node `{}`", args.node));
            Ok(())
        }
        Format::Name => show::names(found.iter().map(|one| number(one).to_string())),
        format => show::messages(format, &found),
    }
}

/// Attempts are counted from 1, as people do.
fn number(attempt: &TaskExecution) -> u32 {
    attempt.id.as_ref().map_or(0, |id| id.retry_attempt) + 1
}

fn attempt(attempt: &TaskExecution) -> Vec<String> {
    let closure = attempt.closure.clone().unwrap_or_default();
    let task = attempt.id.as_ref().and_then(|id| id.task_id.as_ref());
    let logs: Vec<&str> = closure.logs.iter().map(|log| log.uri.as_str()).collect();
    vec![
        number(attempt).to_string(),
        closure.phase().as_str_name().to_owned(),
        task.map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default(),
        time::moment(closure.started_at.as_ref()),
        time::duration(closure.duration.as_ref()),
        show::or_nothing(&logs.join(" ")),
    ]
}
