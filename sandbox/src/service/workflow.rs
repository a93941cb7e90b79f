//! Workflows.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn create(
    _: &Sandbox,
    _: admin::WorkflowCreateRequest,
) -> Result<admin::WorkflowCreateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn get(_: &Sandbox, _: admin::ObjectGetRequest) -> Result<admin::Workflow, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(_: &Sandbox, _: admin::ResourceListRequest) -> Result<admin::WorkflowList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn ids(
    _: &Sandbox,
    _: admin::NamedEntityIdentifierListRequest,
) -> Result<admin::NamedEntityIdentifierList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
