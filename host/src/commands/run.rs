//! `run`: starts an execution of a launch plan, a workflow or a task.

pub(super) mod inputs;
pub mod name;
mod options;
mod target;

use clap::Args;
use remote::proto::{
    admin::ExecutionCreateRequest,
    core::{LiteralMap, WorkflowExecutionIdentifier},
};

use super::{
    Context,
    entity::Versioned,
    follow::{self, WaitArgs},
    session::Session,
};
use crate::cli::{exit::Exit, output, report::Failure};
use inputs::InputArgs;
use name::Chosen;
use options::Options;
use target::Target;

/// Run a launch plan, a workflow or a task
///
/// NAME is looked for among launch plans first, then workflows, then tasks; `--launch-plan`, `--workflow` and
/// `--task` look in one place only. Without a version the newest is run. A workflow is run by the launch
/// plan of its own name and version, which is registered if it is not there.
///
/// Inputs are checked before anything is sent. An input that is a file or folder may name one of this machine,
/// which is uploaded.
///
/// With `--wait` the exit code is 0 if the execution succeeded and 1 if not; Ctrl-C stops following, not the
/// execution, with exit code 130.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host run my.workflow -i name=World --wait\n  \
        flyte-host run my.task:v1 --task -i 'sizes=[1, 2]' -i data=./data.csv\n  \
        flyte-host run my.workflow --inputs-file inputs.yaml --wait -o json"
)]
pub struct RunArgs {
    /// What to run, as NAME or NAME:VERSION
    name: Versioned,

    /// Run the task of this name
    #[arg(long, group = "kind")]
    task: bool,

    /// Run the workflow of this name
    #[arg(long, group = "kind")]
    workflow: bool,

    /// Run the launch plan of this name
    #[arg(long, group = "kind", alias = "launchplan")]
    launch_plan: bool,

    #[command(flatten)]
    inputs: InputArgs,

    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    wait: WaitArgs,
}

/// Runs `run`.
///
/// # Errors
///
/// When there is no such thing, its inputs do not fit, the server refuses, or the execution that is waited for
/// does not succeed.
pub fn run(args: &RunArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    let format = context.global.output.format()?;
    args.options.check()?;
    let given = args.inputs.read()?;
    let session = context.session()?;
    let target = session.block_on(Target::find(&session, args))?;
    let mut inputs = target.inputs(given)?;
    let name = Chosen::new(args.options.name());
    session.block_on(name.check_free(&session))?;
    session.block_on(inputs::upload(&session, &mut inputs))?;
    session.block_on(target.prepare(&session))?;
    output::note(&format!("running {target}\n"));
    let id = session.block_on(start(&session, args, &name, &target, inputs))?;
    follow::started(&session, id, &args.wait, format)
}

async fn start(
    session: &Session,
    args: &RunArgs,
    name: &Chosen,
    target: &Target,
    inputs: LiteralMap,
) -> Result<WorkflowExecutionIdentifier, Failure> {
    let request = ExecutionCreateRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: name.text().to_owned(),
        spec: Some(args.options.spec(target.id().clone())),
        inputs: Some(inputs),
        org: String::new(),
    };
    let answer = session.client.create_execution(&request).await;
    name.started(session, answer).map_err(|error| name.not_started(session, *error))
}
