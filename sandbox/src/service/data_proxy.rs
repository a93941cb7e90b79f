//! Where to upload files to, and where to get them from.

use remote::proto::service;

use crate::{Sandbox, failure::Failure};

pub(crate) fn create_upload_location(
    _: &Sandbox,
    _: service::CreateUploadLocationRequest,
) -> Result<service::CreateUploadLocationResponse, Failure> {
    Err(remote::Status::new(remote::Code::Unimplemented, "not served yet").into())
}
