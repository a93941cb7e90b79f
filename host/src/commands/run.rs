//! `run`: starts an execution of a launch plan, a workflow or a task.

mod arguments;
pub(super) mod inputs;
mod launch;
mod options;
mod target;

use std::ffi::OsString;

use clap::{Args, ValueHint, builder::NonEmptyStringValueParser};
use flyte_client::register::EntityKind;

use crate::{
    context::Context,
    flyte::follow::{self, WaitArgs},
    ui::{error::CommandError, exit_code::Exit},
};
use arguments::RunArguments;
use inputs::InputArgs;
use launch::Launch;
use options::ExecutionOptions;

/// Run a launch plan, a workflow or a task
///
/// NAME is looked up among launch plans, then workflows, then tasks; `--launch-plan`, `--workflow` and
/// `--task` restrict this to one kind. Without a version, the newest one is run. A workflow is run through
/// the launch plan of the same name and version, which is registered if it is missing.
///
/// FILES are registered first, as by `register`, and exactly their content is run. NAME is needed only if
/// they contain more than one workflow or launch plan, or no workflow and more than one task. An argument is
/// a file if it exists, contains a `/`, or ends in `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`; `-`
/// is standard input.
///
/// Inputs are checked before anything else is sent. A local file or folder given as an input is uploaded.
///
/// With `--wait` the exit code is 0 if the execution succeeded and 1 if not. Ctrl-C detaches with exit code
/// 130; the execution keeps running.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host run my.workflow -i name=World --wait\n  \
        flyte-host run task.yaml workflow.yaml my.workflow -i name=World --wait\n  \
        flyte-host run my.task:v1 --task -i 'sizes=[1, 2]' -i data=./data.csv\n  \
        flyte-host run my.workflow --inputs-file inputs.yaml --wait -o json"
)]
pub(crate) struct RunArgs {
    /// NAME or NAME:VERSION to run, FILES to register first, or both
    #[arg(required = true, value_name = "NAME|FILES", value_hint = ValueHint::AnyPath)]
    what: Vec<OsString>,

    /// Version of NAME, or of entities in FILES without one [default: the newest; content hashes]
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    version: Option<String>,

    /// Run the task NAME
    #[arg(long, group = "kind")]
    task: bool,

    /// Run the workflow NAME
    #[arg(long, group = "kind")]
    workflow: bool,

    /// Run the launch plan NAME
    #[arg(long, group = "kind", alias = "launchplan")]
    launch_plan: bool,

    #[command(flatten)]
    inputs: InputArgs,

    #[command(flatten)]
    options: ExecutionOptions,

    #[command(flatten)]
    wait: WaitArgs,
}

/// Runs `run`.
///
/// # Errors
///
/// A missing entity, invalid inputs, a call that failed, or with `--wait` an execution that did not succeed.
pub(crate) async fn run(args: &RunArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    let launch = args.to_launch()?;
    let session = context.session()?;
    let id = launch.start(&session, context).await?;
    follow::started(&session, id, &args.wait).await
}

impl RunArgs {
    /// What to start, as far as it is known without a server.
    fn to_launch(&self) -> Result<Launch<'_>, CommandError> {
        self.options.check()?;
        Ok(Launch {
            inputs: self.inputs.read()?,
            target: RunArguments::new(&self.what, self.version.as_ref(), self.kind())?,
            options: &self.options,
        })
    }

    /// `--task`, `--workflow` or `--launch-plan`.
    fn kind(&self) -> Option<EntityKind> {
        let flags = [
            (self.task, EntityKind::Task),
            (self.workflow, EntityKind::Workflow),
            (self.launch_plan, EntityKind::LaunchPlan),
        ];
        flags.into_iter().find(|(is_given, _)| *is_given).map(|(_, kind)| kind)
    }
}
