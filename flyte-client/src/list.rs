//! Lists, read to their end or to a limit: callers do not see the server's pages.

mod column;
mod filter;
mod value;

pub use self::{
    column::{ColumnKind, UnknownColumn},
    filter::{Filter, FilterError},
};

use crate::{
    client::{Client, ClientError},
    proto::{admin, core},
};

/// How much one call asks for, as flytekit and flytectl do.
const PAGE: u32 = 100;

/// Which items of a list are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What they must be like.
    pub filter: Filter,
    /// Their order; `None`: as the server likes.
    pub order: Option<Order>,
    /// How many; `None`: all.
    pub limit: Option<usize>,
}

/// The order of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    key: String,
    ascending: bool,
}

impl Order {
    /// An order by a key that the server understands already.
    fn by(key: &str, ascending: bool) -> Self {
        Self { key: key.to_owned(), ascending }
    }

    /// By the time of creation, newest first.
    #[must_use]
    pub fn newest_first() -> Self {
        Self::by("created_at", false)
    }

    /// By the time of creation, oldest first.
    #[must_use]
    pub fn oldest_first() -> Self {
        Self::by("created_at", true)
    }

    /// By a column of what is listed.
    ///
    /// # Errors
    ///
    /// For an unknown column.
    pub fn new(kind: ColumnKind, key: &str, ascending: bool) -> Result<Self, UnknownColumn> {
        Ok(Self { key: kind.sort_key(key)?, ascending })
    }

    fn message(&self) -> admin::Sort {
        use admin::sort::Direction;
        let direction = if self.ascending { Direction::Ascending } else { Direction::Descending };
        admin::Sort { key: self.key.clone(), direction: direction.into() }
    }
}

impl Query {
    /// The newest one.
    #[must_use]
    pub fn newest() -> Self {
        Self { order: Some(Order::newest_first()), limit: Some(1), ..Self::default() }
    }

    fn resource(&self, id: &admin::NamedEntityIdentifier, page: Wanted) -> admin::ResourceListRequest {
        admin::ResourceListRequest {
            id: Some(id.clone()),
            limit: page.limit,
            token: page.token,
            filters: self.filter.to_string(),
            sort_by: self.order.as_ref().map(Order::message),
        }
    }
}

/// What one call asks for.
struct Wanted {
    limit: u32,
    token: String,
}

/// Calls until the list ends or `limit` items are there that `keep` accepts.
async fn pages<T>(
    limit: Option<usize>,
    mut keep: impl FnMut(&T) -> bool,
    mut call: impl AsyncFnMut(Wanted) -> Result<(Vec<T>, String), ClientError>,
) -> Result<Vec<T>, ClientError> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut items = Vec::new();
    let mut token = String::new();
    while items.len() < limit {
        let missing = u32::try_from(limit - items.len()).unwrap_or(PAGE).min(PAGE);
        let (page, next) = call(Wanted { limit: missing, token: token.clone() }).await?;
        items.extend(page.into_iter().filter(&mut keep));
        // A server that gives the same token again would be asked for ever.
        if next.is_empty() || next == token {
            break;
        }
        token = next;
    }
    items.truncate(limit);
    Ok(items)
}

/// A name of a project and domain; an empty name stands for all of them.
#[must_use]
pub fn named(project: &str, domain: &str, name: &str) -> admin::NamedEntityIdentifier {
    admin::NamedEntityIdentifier {
        project: project.to_owned(),
        domain: domain.to_owned(),
        name: name.to_owned(),
        org: String::new(),
    }
}

/// Lists projects.
///
/// # Errors
///
/// When a call fails.
pub async fn projects(client: &Client, query: &Query) -> Result<Vec<admin::Project>, ClientError> {
    pages(
        query.limit,
        |_| true,
        async |page| {
            let request = admin::ProjectListRequest {
                limit: page.limit,
                token: page.token,
                filters: query.filter.to_string(),
                sort_by: query.order.as_ref().map(Order::message),
                org: String::new(),
            };
            client.list_projects(&request).await.map(|list| (list.projects, list.token))
        },
    )
    .await
}

/// Lists versions of tasks that `keep` accepts.
///
/// # Errors
///
/// When a call fails.
pub async fn tasks(
    client: &Client,
    id: &admin::NamedEntityIdentifier,
    query: &Query,
    keep: impl FnMut(&admin::Task) -> bool,
) -> Result<Vec<admin::Task>, ClientError> {
    pages(query.limit, keep, async |page| {
        client.list_tasks(&query.resource(id, page)).await.map(|list| (list.tasks, list.token))
    })
    .await
}

/// Lists versions of workflows that `keep` accepts. Their closures have the interface only, no nodes.
///
/// # Errors
///
/// When a call fails.
pub async fn workflows(
    client: &Client,
    id: &admin::NamedEntityIdentifier,
    query: &Query,
    keep: impl FnMut(&admin::Workflow) -> bool,
) -> Result<Vec<admin::Workflow>, ClientError> {
    pages(query.limit, keep, async |page| {
        client.list_workflows(&query.resource(id, page)).await.map(|list| (list.workflows, list.token))
    })
    .await
}

/// Lists versions of launch plans that `keep` accepts.
///
/// # Errors
///
/// When a call fails.
pub async fn launch_plans(
    client: &Client,
    id: &admin::NamedEntityIdentifier,
    query: &Query,
    keep: impl FnMut(&admin::LaunchPlan) -> bool,
) -> Result<Vec<admin::LaunchPlan>, ClientError> {
    pages(query.limit, keep, async |page| {
        client.list_launch_plans(&query.resource(id, page)).await.map(|list| (list.launch_plans, list.token))
    })
    .await
}

/// Lists the active versions of all launch plans. The server takes no filter here.
///
/// # Errors
///
/// When a call fails.
pub async fn active_launch_plans(
    client: &Client,
    id: &admin::NamedEntityIdentifier,
    query: &Query,
) -> Result<Vec<admin::LaunchPlan>, ClientError> {
    pages(
        query.limit,
        |_| true,
        async |page| {
            let request = admin::ActiveLaunchPlanListRequest {
                project: id.project.clone(),
                domain: id.domain.clone(),
                limit: page.limit,
                token: page.token,
                sort_by: query.order.as_ref().map(Order::message),
                org: String::new(),
            };
            client.list_active_launch_plans(&request).await.map(|list| (list.launch_plans, list.token))
        },
    )
    .await
}

/// Lists executions.
///
/// # Errors
///
/// When a call fails.
pub async fn executions(
    client: &Client,
    id: &admin::NamedEntityIdentifier,
    query: &Query,
) -> Result<Vec<admin::Execution>, ClientError> {
    pages(
        query.limit,
        |_| true,
        async |page| {
            client.list_executions(&query.resource(id, page)).await.map(|list| (list.executions, list.token))
        },
    )
    .await
}

/// Lists the nodes of an execution that have the given parent; an empty parent: those of the workflow itself.
///
/// # Errors
///
/// When a call fails.
pub async fn nodes(
    client: &Client,
    id: &core::WorkflowExecutionIdentifier,
    parent: &str,
    query: &Query,
) -> Result<Vec<admin::NodeExecution>, ClientError> {
    pages(
        query.limit,
        |_| true,
        async |page| {
            let request = admin::NodeExecutionListRequest {
                workflow_execution_id: Some(id.clone()),
                limit: page.limit,
                token: page.token,
                filters: query.filter.to_string(),
                sort_by: query.order.as_ref().map(Order::message),
                unique_parent_id: parent.to_owned(),
            };
            client.list_node_executions(&request).await.map(|list| (list.node_executions, list.token))
        },
    )
    .await
}

/// Lists the attempts of a node's task.
///
/// # Errors
///
/// When a call fails.
pub async fn task_executions(
    client: &Client,
    id: &core::NodeExecutionIdentifier,
    query: &Query,
) -> Result<Vec<admin::TaskExecution>, ClientError> {
    pages(
        query.limit,
        |_| true,
        async |page| {
            let request = admin::TaskExecutionListRequest {
                node_execution_id: Some(id.clone()),
                limit: page.limit,
                token: page.token,
                filters: query.filter.to_string(),
                sort_by: query.order.as_ref().map(Order::message),
            };
            client.list_task_executions(&request).await.map(|list| (list.task_executions, list.token))
        },
    )
    .await
}

/// Lists the signals of an execution: the answers to its gates.
///
/// # Errors
///
/// When a call fails.
pub async fn signals(
    client: &Client,
    id: &core::WorkflowExecutionIdentifier,
) -> Result<Vec<admin::Signal>, ClientError> {
    pages(
        None,
        |_| true,
        async |page| {
            let request = admin::SignalListRequest {
                workflow_execution_id: Some(id.clone()),
                limit: page.limit,
                token: page.token,
                ..Default::default()
            };
            client.list_signals(&request).await.map(|list| (list.signals, list.token))
        },
    )
    .await
}

/// Lists the names of tasks, workflows or launch plans; none of any other kind.
///
/// # Errors
///
/// When a call fails.
pub async fn names(
    client: &Client,
    resource: core::ResourceType,
    project: &str,
    domain: &str,
    limit: usize,
) -> Result<Vec<String>, ClientError> {
    let found = pages(
        Some(limit),
        |_| true,
        async |page| {
            let request = admin::NamedEntityIdentifierListRequest {
                project: project.to_owned(),
                domain: domain.to_owned(),
                limit: page.limit,
                token: page.token,
                ..Default::default()
            };
            let list = match resource {
                core::ResourceType::Task => client.list_task_ids(&request).await?,
                core::ResourceType::Workflow => client.list_workflow_ids(&request).await?,
                core::ResourceType::LaunchPlan => client.list_launch_plan_ids(&request).await?,
                _ => return Ok((Vec::new(), String::new())),
            };
            Ok((list.entities, list.token))
        },
    )
    .await?;
    Ok(found.into_iter().map(|id| id.name).collect())
}

#[cfg(test)]
mod tests;
