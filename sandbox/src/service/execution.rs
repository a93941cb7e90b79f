//! Executions of workflows.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn create(
    _: &Sandbox,
    _: admin::ExecutionCreateRequest,
) -> Result<admin::ExecutionCreateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn relaunch(
    _: &Sandbox,
    _: admin::ExecutionRelaunchRequest,
) -> Result<admin::ExecutionCreateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn recover(
    _: &Sandbox,
    _: admin::ExecutionRecoverRequest,
) -> Result<admin::ExecutionCreateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn get(_: &Sandbox, _: admin::WorkflowExecutionGetRequest) -> Result<admin::Execution, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn data(
    _: &Sandbox,
    _: admin::WorkflowExecutionGetDataRequest,
) -> Result<admin::WorkflowExecutionGetDataResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn metrics(
    _: &Sandbox,
    _: admin::WorkflowExecutionGetMetricsRequest,
) -> Result<admin::WorkflowExecutionGetMetricsResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(_: &Sandbox, _: admin::ResourceListRequest) -> Result<admin::ExecutionList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn update(
    _: &Sandbox,
    _: admin::ExecutionUpdateRequest,
) -> Result<admin::ExecutionUpdateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn terminate(
    _: &Sandbox,
    _: admin::ExecutionTerminateRequest,
) -> Result<admin::ExecutionTerminateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
