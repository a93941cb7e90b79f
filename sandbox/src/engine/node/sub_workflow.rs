//! Nodes that run a workflow within the same execution.

use std::sync::Arc;

use flyte_client::proto::core::{WorkflowTemplate, node_execution::Phase};

use crate::{
    engine::{run::Run, step::Step},
    service_error::ServiceError,
};

pub(super) fn begin(
    run: &mut Run,
    index: usize,
    workflow: Arc<WorkflowTemplate>,
    step: &mut Step<'_>,
) -> Result<(), ServiceError> {
    run.enter(index, Phase::Running, step);
    let scope = run.open_sub_workflow(index, workflow, step)?;
    run.nodes[index].kind.scope = Some(scope);
    // Without nodes it is over at once.
    run.settle(scope, step)
}

pub(super) fn stop(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].kind.scope {
        Some(scope) => run.halt(scope, step),
        None => run.aborted(index, step),
    }
}
