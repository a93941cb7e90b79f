//! Launch plans.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn create(
    _: &Sandbox,
    _: admin::LaunchPlanCreateRequest,
) -> Result<admin::LaunchPlanCreateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn update(
    _: &Sandbox,
    _: admin::LaunchPlanUpdateRequest,
) -> Result<admin::LaunchPlanUpdateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn get(_: &Sandbox, _: admin::ObjectGetRequest) -> Result<admin::LaunchPlan, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn active(_: &Sandbox, _: admin::ActiveLaunchPlanRequest) -> Result<admin::LaunchPlan, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(_: &Sandbox, _: admin::ResourceListRequest) -> Result<admin::LaunchPlanList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list_active(
    _: &Sandbox,
    _: admin::ActiveLaunchPlanListRequest,
) -> Result<admin::LaunchPlanList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn ids(
    _: &Sandbox,
    _: admin::NamedEntityIdentifierListRequest,
) -> Result<admin::NamedEntityIdentifierList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
