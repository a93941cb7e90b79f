//! Executions of nodes.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn get(_: &Sandbox, _: admin::NodeExecutionGetRequest) -> Result<admin::NodeExecution, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn data(
    _: &Sandbox,
    _: admin::NodeExecutionGetDataRequest,
) -> Result<admin::NodeExecutionGetDataResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(
    _: &Sandbox,
    _: admin::NodeExecutionListRequest,
) -> Result<admin::NodeExecutionList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list_for_task(
    _: &Sandbox,
    _: admin::NodeExecutionForTaskListRequest,
) -> Result<admin::NodeExecutionList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
