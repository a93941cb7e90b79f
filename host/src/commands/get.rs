//! `get`: lists entities and executions, or shows one.

pub(super) mod details;
mod entities;
mod executions;
mod nodes;
mod projects;
mod query;
mod task_executions;

use clap::{Args, Subcommand};
use flyte_client::proto::admin::Task;

use crate::context::Context;
use crate::ui::error::CommandError;

/// List and inspect registered entities and executions
///
/// Without a name, lists the newest first; all pages are fetched. With a name, shows one, in its newest
/// version unless a version is given.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host get tasks\n  \
        flyte-host get workflow my.workflow v1 -o yaml\n  \
        flyte-host get executions --filter 'phase=FAILED,created_at>2026-01-01' --limit 20"
)]
pub(crate) struct GetArgs {
    #[command(subcommand)]
    command: GetCommand,
}

#[derive(Debug, Subcommand)]
enum GetCommand {
    /// List projects, or show one
    #[command(
        visible_alias = "project",
        mut_arg("sort_by", |arg| arg.help("Key to sort by [default: id]")),
        after_help = "Examples:\n  flyte-host get projects\n  flyte-host get project flytesnacks -o json"
    )]
    Projects(projects::ProjectArgs),
    /// List the domains of all projects, or show one
    #[command(
        visible_alias = "domain",
        after_help = "Examples:\n  flyte-host get domains\n  flyte-host get domain development -o json"
    )]
    Domains(projects::DomainArgs),
    /// List tasks, or show one
    #[command(
        visible_alias = "task",
        after_help = "Examples:\n  \
            flyte-host get tasks --latest\n  \
            flyte-host get task my.task\n  \
            flyte-host get task my.task v1 -o yaml\n  \
            flyte-host get task my.task --versions"
    )]
    Tasks(entities::EntityArgs),
    /// List workflows, or show one
    #[command(
        visible_alias = "workflow",
        after_help = "Examples:\n  \
            flyte-host get workflows --filter 'name~train'\n  \
            flyte-host get workflow my.workflow\n  \
            flyte-host get workflow my.workflow -o dot | dot -Tsvg > workflow.svg"
    )]
    Workflows(entities::WorkflowArgs),
    /// List launch plans, or show one
    #[command(
        visible_alias = "launch-plan",
        aliases = ["launchplan", "launchplans"],
        after_help = "Examples:\n  \
            flyte-host get launch-plans --active-only\n  \
            flyte-host get launch-plan my.workflow v1"
    )]
    LaunchPlans(entities::LaunchPlanArgs),
    /// List executions, or show one
    #[command(
        visible_alias = "execution",
        after_help = "Examples:\n  \
            flyte-host get executions --filter phase=RUNNING\n  \
            flyte-host get execution a4d8pz5d6mxzq2hwbvc7 -o yaml"
    )]
    Executions(executions::ExecutionsArgs),
    /// List the nodes of an execution, nested nodes included
    #[command(visible_alias = "node", after_help = "Example:\n  flyte-host get nodes a4d8pz5d6mxzq2hwbvc7")]
    Nodes(nodes::NodesArgs),
    /// List the task attempts of a node
    #[command(
        visible_alias = "task-execution",
        after_help = "Example:\n  flyte-host get task-executions a4d8pz5d6mxzq2hwbvc7 n0"
    )]
    TaskExecutions(task_executions::TaskExecutionsArgs),
}

/// Runs `get`.
///
/// # Errors
///
/// A missing entity, or a call that failed.
pub(crate) async fn run(args: &GetArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.command {
        GetCommand::Projects(args) => projects::projects(args, context).await,
        GetCommand::Domains(args) => projects::domains(args, context).await,
        GetCommand::Tasks(args) => entities::run::<Task>(args, context).await,
        GetCommand::Workflows(args) => entities::workflows(args, context).await,
        GetCommand::LaunchPlans(args) => entities::launch_plans(args, context).await,
        GetCommand::Executions(args) => executions::executions(args, context).await,
        GetCommand::Nodes(args) => nodes::nodes(args, context).await,
        GetCommand::TaskExecutions(args) => task_executions::task_executions(args, context).await,
    }
}
