//! Executions of tasks: one attempt each.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn get(_: &Sandbox, _: admin::TaskExecutionGetRequest) -> Result<admin::TaskExecution, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn data(
    _: &Sandbox,
    _: admin::TaskExecutionGetDataRequest,
) -> Result<admin::TaskExecutionGetDataResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(
    _: &Sandbox,
    _: admin::TaskExecutionListRequest,
) -> Result<admin::TaskExecutionList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
