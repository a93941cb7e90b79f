//! `execution`: inspects and controls executions.

mod gate;
mod lifecycle;
mod show;

use clap::{Args, Subcommand};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{
    context::Context,
    flyte::{execution, follow, values},
};

/// Inspect, watch, terminate and relaunch executions
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host execution show a4d8pz5d6mxzq2hwbvc7\n  \
        flyte-host execution watch a4d8pz5d6mxzq2hwbvc7\n  \
        flyte-host execution terminate a4d8pz5d6mxzq2hwbvc7 --cause 'wrong inputs'"
)]
pub(crate) struct ExecutionArgs {
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
    Show(lifecycle::NamesArgs),
    /// Watch an execution until it ends, then print its outputs
    ///
    /// The exit code is 0 if the execution succeeded, else 1. Ctrl-C detaches; the execution keeps running.
    /// `-o name` prints the name of the execution, `-o json` its project, domain, name, phase and outputs;
    /// outputs are null unless it succeeded.
    #[command(after_help = "Example:\n  flyte-host execution watch a4d8pz5d6mxzq2hwbvc7")]
    Watch(WatchArgs),
    /// Print the inputs of an execution or of one of its nodes
    #[command(after_help = "Examples:\n  \
            flyte-host execution inputs a4d8pz5d6mxzq2hwbvc7 -o json\n  \
            flyte-host execution inputs a4d8pz5d6mxzq2hwbvc7 --node n0")]
    Inputs(DataArgs),
    /// Print the outputs of an execution or of one of its nodes
    #[command(after_help = "Examples:\n  \
            flyte-host execution outputs a4d8pz5d6mxzq2hwbvc7 -o json\n  \
            flyte-host execution outputs a4d8pz5d6mxzq2hwbvc7 --node n0")]
    Outputs(DataArgs),
    /// Terminate executions
    #[command(
        visible_alias = "abort",
        after_help = "Example:\n  flyte-host execution terminate a4d8pz5d6mxzq2hwbvc7 --cause 'wrong inputs'"
    )]
    Terminate(lifecycle::TerminateArgs),
    /// Relaunch an execution with the same inputs
    #[command(after_help = "Example:\n  flyte-host execution relaunch a4d8pz5d6mxzq2hwbvc7 --wait")]
    Relaunch(lifecycle::RelaunchArgs),
    /// Relaunch an execution, reusing the nodes that succeeded
    #[command(after_help = "Example:\n  flyte-host execution recover a4d8pz5d6mxzq2hwbvc7 --wait")]
    Recover(lifecycle::CopyArgs),
    /// Approve a gate of an execution
    ///
    /// GATE is the name in the workflow (`approve("may-i", …)`). A gate can be answered before the execution
    /// reaches it.
    #[command(after_help = "Examples:\n  \
            flyte-host execution approve a4d8pz5d6mxzq2hwbvc7\n  \
            flyte-host execution approve a4d8pz5d6mxzq2hwbvc7 may-i")]
    Approve(gate::AnswerArgs),
    /// Reject a gate of an execution, which then fails
    #[command(after_help = "Example:\n  flyte-host execution reject a4d8pz5d6mxzq2hwbvc7 may-i")]
    Reject(gate::AnswerArgs),
    /// Set the value that a gate of an execution waits for
    ///
    /// The value is parsed as by `run --input`, and checked against the type of the gate before it is sent.
    #[command(after_help = "Examples:\n  \
            flyte-host execution set-input a4d8pz5d6mxzq2hwbvc7 title 'My book'\n  \
            flyte-host execution set-input a4d8pz5d6mxzq2hwbvc7 sizes '[1, 2]'")]
    SetInput(gate::InputArgs),
    /// Hide executions from lists
    #[command(after_help = "Examples:\n  \
            flyte-host execution archive a4d8pz5d6mxzq2hwbvc7\n  \
            flyte-host get executions --filter state=archived")]
    Archive(lifecycle::NamesArgs),
    /// Restore archived executions
    #[command(after_help = "Example:\n  flyte-host execution activate a4d8pz5d6mxzq2hwbvc7")]
    Activate(lifecycle::NamesArgs),
}

#[derive(Args, Debug)]
struct WatchArgs {
    /// Name of the execution
    name: String,

    /// Detach after this time, such as `10m`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = crate::flyte::follow::parse_time)]
    timeout: Option<std::time::Duration>,
}

#[derive(Args, Debug)]
struct DataArgs {
    /// Name of the execution
    name: String,

    /// Node of the execution [default: the execution itself]
    #[arg(long)]
    node: Option<String>,
}

/// Runs `execution`.
///
/// # Errors
///
/// A missing execution, an execution that failed while it was watched, a call that failed.
pub(crate) async fn run(args: &ExecutionArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    match &args.command {
        ExecutionCommand::Show(args) => show::run(&args.names, context).await?,
        ExecutionCommand::Watch(args) => return watch(args, context).await,
        ExecutionCommand::Inputs(args) => print_values(args, Side::Inputs, context).await?,
        ExecutionCommand::Outputs(args) => print_values(args, Side::Outputs, context).await?,
        ExecutionCommand::Terminate(args) => lifecycle::terminate(args, context).await?,
        ExecutionCommand::Relaunch(args) => return lifecycle::relaunch(args, context).await,
        ExecutionCommand::Recover(args) => return lifecycle::recover(args, context).await,
        ExecutionCommand::Approve(args) => gate::answer(args, true, context).await?,
        ExecutionCommand::Reject(args) => gate::answer(args, false, context).await?,
        ExecutionCommand::SetInput(args) => gate::set_input(args, context).await?,
        ExecutionCommand::Archive(args) => lifecycle::archive(args, true, context).await?,
        ExecutionCommand::Activate(args) => lifecycle::archive(args, false, context).await?,
    }
    Ok(Exit::Done)
}

async fn watch(args: &WatchArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    let session = context.session()?;
    execution::read(&session, &args.name).await?;
    follow::follow_to_end(&session, execution::id(&session, &args.name), args.timeout).await
}

/// Which values of an execution or node are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inputs,
    Outputs,
}

async fn print_values(args: &DataArgs, side: Side, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let execution = execution::read(&session, &args.name).await?;
    let id = execution::id(&session, &args.name);
    let data = values::read(&session, &id, args.node.as_deref()).await?;
    let map = if side == Side::Inputs { data.inputs } else { data.outputs };
    if side == Side::Outputs && map.literals.is_empty() {
        values::note_no_outputs(ui, &execution, args.node.as_deref());
    }
    values::print(ui, &map)
}
