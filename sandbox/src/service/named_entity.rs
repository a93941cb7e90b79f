//! Descriptions and states of names.

use remote::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn get(_: &Sandbox, _: admin::NamedEntityGetRequest) -> Result<admin::NamedEntity, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn update(
    _: &Sandbox,
    _: admin::NamedEntityUpdateRequest,
) -> Result<admin::NamedEntityUpdateResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}

pub(crate) fn list(_: &Sandbox, _: admin::NamedEntityListRequest) -> Result<admin::NamedEntityList, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
