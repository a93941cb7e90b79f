//! Projects and domains.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn register(
    _: &Sandbox,
    _: admin::ProjectRegisterRequest,
) -> Result<admin::ProjectRegisterResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn update(_: &Sandbox, _: admin::Project) -> Result<admin::ProjectUpdateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn get(_: &Sandbox, _: admin::ProjectGetRequest) -> Result<admin::Project, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(_: &Sandbox, _: admin::ProjectListRequest) -> Result<admin::Projects, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn domains(_: &Sandbox, _: admin::GetDomainRequest) -> Result<admin::GetDomainsResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
