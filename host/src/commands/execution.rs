//! `execution`: one execution, and what can be done with it.

mod gate;
mod lifecycle;
mod show;

use clap::{Args, Subcommand};

use crate::ui::{error::Failure, exit_code::Exit};
use crate::{
    context::Context,
    flyte::{
        execution,
        follow::{self, WaitArgs},
        values,
    },
};

/// Look at executions, follow, stop and repeat them
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host execution show a4d8pz5d6mxzq2hwbvc7\n  \
        flyte-host execution watch a4d8pz5d6mxzq2hwbvc7\n  \
        flyte-host execution terminate a4d8pz5d6mxzq2hwbvc7 --cause 'wrong inputs'"
)]
pub struct ExecutionArgs {
    #[command(subcommand)]
    command: ExecutionCommand,
}

#[derive(Debug, Subcommand)]
enum ExecutionCommand {
    /// Show executions and their nodes
    ///
    /// `-o json` and `-o yaml` print one execution as it is, several as a list.
    #[command(after_help = "Examples:\n  \
            flyte-host execution show a4d8pz5d6mxzq2hwbvc7\n  \
            flyte-host get executions -o name --limit 3 | xargs flyte-host execution show")]
    Show(NamesArgs),
    /// Follow an execution to its end, then print its outputs
    ///
    /// The exit code is 0 if it succeeded, else 1. Ctrl-C stops following, not the execution. `-o name` prints the name of the
    /// execution, `-o json` its project, domain, name, phase and outputs; outputs are null unless it succeeded.
    #[command(after_help = "Example:\n  flyte-host execution watch a4d8pz5d6mxzq2hwbvc7")]
    Watch(WatchArgs),
    /// Print the inputs of an execution, or of one of its nodes
    #[command(after_help = "Examples:\n  \
            flyte-host execution inputs a4d8pz5d6mxzq2hwbvc7 -o json\n  \
            flyte-host execution inputs a4d8pz5d6mxzq2hwbvc7 --node n0")]
    Inputs(DataArgs),
    /// Print the outputs of an execution, or of one of its nodes
    #[command(after_help = "Examples:\n  \
            flyte-host execution outputs a4d8pz5d6mxzq2hwbvc7 -o json\n  \
            flyte-host execution outputs a4d8pz5d6mxzq2hwbvc7 --node n0")]
    Outputs(DataArgs),
    /// Stop executions
    #[command(
        visible_alias = "abort",
        after_help = "Example:\n  flyte-host execution terminate a4d8pz5d6mxzq2hwbvc7 --cause 'wrong inputs'"
    )]
    Terminate(TerminateArgs),
    /// Start a copy of an execution, with the same inputs
    #[command(after_help = "Example:\n  flyte-host execution relaunch a4d8pz5d6mxzq2hwbvc7 --wait")]
    Relaunch(RelaunchArgs),
    /// Start a copy of an execution that takes over the nodes that succeeded
    #[command(after_help = "Example:\n  flyte-host execution recover a4d8pz5d6mxzq2hwbvc7 --wait")]
    Recover(CopyArgs),
    /// Approve what waits at a gate of an execution
    ///
    /// The gate is named as in the workflow (`approve("may-i", …)`); a gate that was not reached yet finds the answer there.
    #[command(after_help = "Examples:\n  \
            flyte-host execution approve a4d8pz5d6mxzq2hwbvc7\n  \
            flyte-host execution approve a4d8pz5d6mxzq2hwbvc7 may-i")]
    Approve(gate::AnswerArgs),
    /// Reject what waits at a gate of an execution, which fails by that
    #[command(after_help = "Example:\n  flyte-host execution reject a4d8pz5d6mxzq2hwbvc7 may-i")]
    Reject(gate::AnswerArgs),
    /// Give a value to a gate of an execution
    ///
    /// The value is read by the type that the gate asks for, as `run --input` reads it, and checked before it is sent.
    #[command(after_help = "Examples:\n  \
            flyte-host execution set-input a4d8pz5d6mxzq2hwbvc7 title 'My book'\n  \
            flyte-host execution set-input a4d8pz5d6mxzq2hwbvc7 sizes '[1, 2]'")]
    SetInput(gate::InputArgs),
    /// Leave executions out of lists
    #[command(after_help = "Examples:\n  \
            flyte-host execution archive a4d8pz5d6mxzq2hwbvc7\n  \
            flyte-host get executions --filter state=archived")]
    Archive(NamesArgs),
    /// Show archived executions in lists again
    #[command(after_help = "Example:\n  flyte-host execution activate a4d8pz5d6mxzq2hwbvc7")]
    Activate(NamesArgs),
}

#[derive(Args, Debug)]
struct NamesArgs {
    /// The executions
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Args, Debug)]
struct WatchArgs {
    /// The execution
    name: String,

    /// Stop following after this time, such as `10m`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = crate::flyte::follow::parse_time)]
    timeout: Option<std::time::Duration>,
}

#[derive(Args, Debug)]
struct DataArgs {
    /// The execution
    name: String,

    /// Node of the execution; without it, the execution itself
    #[arg(long)]
    node: Option<String>,
}

#[derive(Args, Debug)]
struct TerminateArgs {
    #[command(flatten)]
    names: NamesArgs,

    /// Why, for whoever looks at it later
    #[arg(long, default_value = "", hide_default_value = true)]
    cause: String,
}

#[derive(Args, Debug)]
struct CopyArgs {
    /// The execution
    execution: String,

    /// Name of the new execution; without it, one is made up
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Args, Debug)]
struct RelaunchArgs {
    #[command(flatten)]
    copy: CopyArgs,

    /// Run tasks anew whose outputs are cached
    #[arg(long)]
    overwrite_cache: bool,
}

/// Runs `execution`.
///
/// # Errors
///
/// When there is no such execution, it failed while it was followed, or the server cannot be asked.
pub async fn run(args: &ExecutionArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    match &args.command {
        ExecutionCommand::Show(args) => show::run(&args.names, context).await?,
        ExecutionCommand::Watch(args) => return watch(args, context).await,
        ExecutionCommand::Inputs(args) => print_values(args, Side::Inputs, context).await?,
        ExecutionCommand::Outputs(args) => print_values(args, Side::Outputs, context).await?,
        ExecutionCommand::Terminate(args) => lifecycle::terminate(args, context).await?,
        ExecutionCommand::Relaunch(args) => {
            return lifecycle::relaunch(&args.copy, args.overwrite_cache, context).await;
        }
        ExecutionCommand::Recover(args) => return lifecycle::recover(args, context).await,
        ExecutionCommand::Approve(args) => gate::answer(args, true, context).await?,
        ExecutionCommand::Reject(args) => gate::answer(args, false, context).await?,
        ExecutionCommand::SetInput(args) => gate::set_input(args, context).await?,
        ExecutionCommand::Archive(args) => lifecycle::archive(args, true, context).await?,
        ExecutionCommand::Activate(args) => lifecycle::archive(args, false, context).await?,
    }
    Ok(Exit::Done)
}

async fn watch(args: &WatchArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    execution::read(&session, &args.name).await?;
    follow::follow_to_end(&session, execution::id(&session, &args.name), args.timeout, format).await
}

/// Which values of an execution or node are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inputs,
    Outputs,
}

async fn print_values(args: &DataArgs, side: Side, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let execution = execution::read(&session, &args.name).await?;
    let id = execution::id(&session, &args.name);
    let data = values::read(&session, &id, args.node.as_deref()).await?;
    let map = if side == Side::Inputs { data.inputs } else { data.outputs };
    if side == Side::Outputs && map.literals.is_empty() {
        values::note_no_outputs(&execution, args.node.as_deref());
    }
    values::print(&map, format)
}
