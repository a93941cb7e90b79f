//! `run`: starts an execution of a launch plan, a workflow or a task.

mod arguments;
pub(super) mod inputs;
mod options;
mod target;

use std::ffi::OsString;

use clap::{Args, ValueHint, builder::NonEmptyStringValueParser};
use flyte_client::{
    proto::{
        admin::ExecutionCreateRequest,
        core::{LiteralMap, WorkflowExecutionIdentifier},
    },
    register::EntityKind,
};

use super::register::{self, runnable::Runnable};
use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{
    context::Context,
    flyte::{
        execution_name::ExecutionName,
        follow::{self, WaitArgs},
        session::Session,
    },
};
use arguments::RunArguments;
use inputs::InputArgs;
use options::ExecutionOptions;
use target::Target;

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
pub struct RunArgs {
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
pub async fn run(args: &RunArgs, context: &Context<'_>) -> Result<Exit, CommandError> {
    args.options.check()?;
    let given = args.inputs.read()?;
    let arguments = RunArguments::new(&args.what)?;
    let session = context.session()?;
    let target = match &arguments {
        RunArguments::Name(name) => {
            let name = name.with_version(args.version.as_ref())?;
            Target::find(&session, args.kind(), &name).await?
        }
        RunArguments::Files { files, name } => {
            let choose =
                |runnables: &[Runnable]| arguments::choose_runnable(runnables, name.as_ref(), args.kind());
            let version = args.version.as_deref();
            let runnable = register::register_for_run(&session, context, files, version, choose)
                .await
                .map_err(|failure| failure.hint(arguments::file_hint(files)))?;
            Target::read(&session, &runnable).await?
        }
    };
    let mut inputs = target.inputs(given)?;
    let name = ExecutionName::choose(&session, args.options.name()).await?;
    inputs::upload(&session, &mut inputs).await?;
    target.prepare(&session).await?;
    session.ui.note(format_args!("running {target}\n"));
    let id = start(&session, args, &name, &target, inputs).await?;
    follow::started(&session, id, &args.wait).await
}

impl RunArgs {
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

async fn start(
    session: &Session,
    args: &RunArgs,
    name: &ExecutionName,
    target: &Target,
    inputs: LiteralMap,
) -> Result<WorkflowExecutionIdentifier, CommandError> {
    let request = ExecutionCreateRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: name.text().to_owned(),
        spec: Some(args.options.spec(target.id().clone())),
        inputs: Some(inputs),
        org: String::new(),
    };
    let answer = session.client.create_execution(&request).await;
    name.started(session, answer).map_err(|error| name.start_failure(session, *error))
}
