//! Events of executions, which FlytePropeller sends to FlyteAdmin. Here the engine is the only source of
//! events, so a client's are refused, after the checks that FlyteAdmin makes.

use flyte_client::{Code, Status, proto::admin};

use super::{execution, node_execution, task_execution};
use crate::{
    Sandbox,
    service_error::{ServiceError, invalid, required},
};

pub(crate) fn create_workflow_event(
    sandbox: &Sandbox,
    request: admin::WorkflowExecutionEventRequest,
) -> Result<admin::WorkflowExecutionEventResponse, ServiceError> {
    let event = request.event.ok_or_else(|| invalid("Workflow event handler was called without event"))?;
    let id = event
        .execution_id
        .ok_or_else(|| invalid("Workflow event handler request event doesn't have an execution id"))?;
    execution::stored(sandbox, Some(id))?;
    Err(refused())
}

pub(crate) fn create_node_event(
    sandbox: &Sandbox,
    request: admin::NodeExecutionEventRequest,
) -> Result<admin::NodeExecutionEventResponse, ServiceError> {
    let event = required(request.event, "event")?;
    let id = node_execution::checked(event.id)?;
    execution::stored(sandbox, id.execution_id)?;
    Err(refused())
}

pub(crate) fn create_task_event(
    sandbox: &Sandbox,
    request: admin::TaskExecutionEventRequest,
) -> Result<admin::TaskExecutionEventResponse, ServiceError> {
    let event = required(request.event, "event")?;
    required(event.occurred_at, "occurred_at")?;
    let id = task_execution::checked(Some(flyte_client::proto::core::TaskExecutionIdentifier {
        task_id: event.task_id,
        node_execution_id: event.parent_node_execution_id,
        retry_attempt: event.retry_attempt,
    }))?;
    node_execution::stored(sandbox, id.node_execution_id)?;
    Err(refused())
}

fn refused() -> ServiceError {
    let text = "the sandbox takes no events: its engine runs all executions";
    Status::new(Code::FailedPrecondition, text).into()
}
