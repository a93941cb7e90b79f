//! The start of an execution: from the command line's arguments to the identifier of the execution.

use flyte_client::{
    literal::inputs::GivenInput,
    proto::{
        admin::ExecutionCreateRequest,
        core::{Identifier, LiteralMap, WorkflowExecutionIdentifier},
    },
};

use super::{arguments::RunArguments, inputs, options::ExecutionOptions, target::Target};
use crate::{
    context::Context,
    flyte::{execution_name::ExecutionName, session::Session},
    ui::error::CommandError,
};

/// An execution to start.
pub(super) struct Launch<'a> {
    pub(super) target: RunArguments,
    pub(super) inputs: Vec<(String, GivenInput)>,
    pub(super) options: &'a ExecutionOptions,
}

impl Launch<'_> {
    /// Starts it. Everything is checked before a file is uploaded or a launch plan registered.
    pub(super) async fn start(
        self,
        session: &Session,
        context: &Context<'_>,
    ) -> Result<WorkflowExecutionIdentifier, CommandError> {
        let target = Target::resolve(session, context, &self.target).await?;
        let mut inputs = target.inputs(self.inputs)?;
        let name = ExecutionName::choose(session, self.options.name()).await?;
        inputs::upload(session, &mut inputs).await?;
        target.prepare(session).await?;
        session.ui.note(format_args!("running {target}\n"));
        create(session, self.options, name, target.id().clone(), inputs).await
    }
}

async fn create(
    session: &Session,
    options: &ExecutionOptions,
    name: ExecutionName,
    target: Identifier,
    inputs: LiteralMap,
) -> Result<WorkflowExecutionIdentifier, CommandError> {
    let request = ExecutionCreateRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: name.text().to_owned(),
        spec: Some(options.spec(target)),
        inputs: Some(inputs),
        org: String::new(),
    };
    let answer = session.client.create_execution(&request).await;
    name.started(session, answer).map_err(|error| name.start_failure(session, *error))
}
